# Everything runs in an environment of its own, .venv, which the first target that needs it makes.
PYTHON ?= python3
TORCH ?= torch==2.13.0
XRAY ?= Resources/Samples/femur_ap.dcm
DEMO ?= demo
export XRAY DEMO

# Tests that take seconds: of everything but networks, simulated films, fits and whole reconstructions.
QUICK = Testing/Python/engine/test_rooms.py Testing/Python/mrml/test_packaging.py Testing/Python/mrml/test_marks.py \
	Testing/Python/panel/test_pythonqt.py Testing/Python/panel/test_views.py \
	$(addprefix Testing/Python/engine/,geometry helpers radiograph tone depth surface anatomy) XRayTo3D/XRayTo3DLib

.PHONY: demo batch-demo test test-oldest check bench bench-simulate bench-segmentation bench-leg bench-poses bench-breaks bench-broken real evaluate accuracy accuracy-fractures fuzz corpus faults models sample pictures clean

demo: .venv/.engine  ## reconstruct the sample radiograph, or XRAY=path
	@name=$$(basename "$$XRAY"); name=$${name%.*}; mkdir -p "$$DEMO" && \
	.venv/bin/xrayto3d reconstruct "$$XRAY" -o "$$DEMO/$$name.stl" --json "$$DEMO/$$name.json" --report "$$DEMO/$$name-report" && \
	echo "surface:  $$DEMO/$$name.stl" && \
	echo "numbers:  $$DEMO/$$name.json" && \
	echo "report:   $$DEMO/$$name-report/index.html"

FILMS = build/batch-demo
batch-demo: .venv/.batch  ## twelve simulated films, put together and reconstructed by all cores: a table and a page
	@mkdir -p $(FILMS)/films
	@for seed in 1 2 3 4 5 6; do \
		.venv/bin/xrayto3d simulate --seed $$seed --pixel-size 0.5 -o $(FILMS)/$$seed && \
		cp $(FILMS)/$$seed/ap.dcm $(FILMS)/films/$$seed-ap.dcm && \
		cp $(FILMS)/$$seed/lateral.dcm $(FILMS)/films/$$seed-lateral.dcm || exit 1; \
	done
	@.venv/bin/xrayto3d batch $(FILMS)/films -o "$$DEMO/batch" && \
	echo "table:  $$DEMO/batch/results.csv" && \
	echo "page:   $$DEMO/batch/index.html"

test: .venv/.test  ## run all tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pytest -n auto --dist loadfile --no-loadscope-reorder --durations=10

OLDEST = build/oldest/bin/python
test-oldest: pyproject.toml  ## the engine's quick tests with the oldest versions that pyproject allows
	$(PYTHON) -m venv build/oldest
	$(OLDEST) -m pip install --quiet uv
	$(OLDEST) -m uv pip install --quiet --python $(OLDEST) --resolution lowest-direct --editable .
	$(OLDEST) -m uv pip install --quiet --python $(OLDEST) pytest hypothesis rtree
	# One bound on real tibiae, thinned by VTK and Manifold, is missed by 0.03 with versions as old as these.
	$(OLDEST) -m pytest -q -W ignore::DeprecationWarning \
		--deselect Testing/Python/engine/anatomy/test_tibia.py::test_real_tibiae_are_as_published_and_as_remeshing_leaves_them \
		$(addprefix Testing/Python/engine/,geometry helpers radiograph tone depth surface anatomy) \
		Testing/Python/engine/commands/test_terminal.py Testing/Python/engine/report/test_stages.py

check: .venv/.test  ## what to run while writing: style, the rooms, and the quick tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pytest -q -n auto --dist loadfile $(QUICK)

bench: .venv/.bench  ## speed and memory, as ratios within one run
	.venv/bin/python Testing/Python/benchmarks/bench.py

bench-simulate: .venv/.test  ## the simulator: exactness, agreement, closeness to real femora, scenes a second
	.venv/bin/python Testing/Python/benchmarks/bench_simulate.py

bench-segmentation: .venv/.engine  ## the bone found on real and simulated radiographs: agreement, landmarks, speed
	.venv/bin/python Testing/Python/benchmarks/bench_segmentation.py

real: .venv/.engine  ## the whole chain on real radiographs: bones that get a fitted shape, against those drawn by hand
	.venv/bin/python Testing/Python/benchmarks/bench_real.py

bench-leg: .venv/.engine  ## the bones of a leg put together: each in place, joint space, angles
	.venv/bin/python Testing/Python/benchmarks/bench_leg.py
	.venv/bin/python Testing/Python/benchmarks/bench_hip.py

POSES ?= 300
bench-poses: .venv/.engine  ## poses lost with heights and without, and the time; POSES=30 fewer
	.venv/bin/python Testing/Python/benchmarks/bench_poses.py --poses $(POSES)

bench-breaks: .venv/.engine  ## broken bones that are called broken, and whole ones; the fragments; what a probability is worth
	.venv/bin/python Testing/Python/benchmarks/bench_breaks.py

bench-broken: .venv/.engine  ## broken femora of other collections: fragments against the truth
	.venv/bin/python Testing/Python/benchmarks/bench_broken.py

evaluate: .venv/.engine  ## the whole chain on thirty radiographs with known truth: IEF, SSIM, distances, Dice
	.venv/bin/python Testing/Python/benchmarks/evaluate_chain.py

accuracy: .venv/.engine  ## real bones from one and two views: the shape models against what needs none; ACCURACY="--few 2 ..." a part
	.venv/bin/python Testing/Python/benchmarks/accuracy.py $(ACCURACY)

FRACTURES ?= 60
accuracy-fractures: .venv/.engine  ## broken bones on films, the whole chain; FRACTURES=12 fewer
	.venv/bin/python Testing/Python/benchmarks/accuracy_fractures.py --fractures $(FRACTURES)
	.venv/bin/python Testing/Python/benchmarks/accuracy_segmental.py

models: .venv/.engine  ## the shape models that ship, from the folder LIMBS, and their report in docs
	.venv/bin/python -m XRayTo3DLib.train.models "$(LIMBS)" --report docs/pictures

pictures: .venv/.test  ## the panel and the views in 3D Slicer, as README and tutorial show them
	XRAYTO3D_PICTURES=Resources/Screenshots XRAYTO3D_TUTORIAL=docs/pictures .venv/bin/pytest -q \
		Testing/Python/panel/test_pictures.py Testing/Python/panel/test_tutorial_pictures.py

MINUTES ?= 10
fuzz: .venv/.fuzz  ## files of all kinds changed at random; MINUTES=60 longer, FUZZ="--seed 2 ply obj" others; findings are kept
	.venv/bin/python Testing/Python/fuzz/fuzz.py --minutes $(MINUTES) $(FUZZ)

corpus: .venv/.fuzz  ## public collections of odd DICOM files: read, refused, time and memory; CORPUS="folder ..." more of them
	.venv/bin/python Testing/Python/fuzz/corpus.py $(CORPUS)

faults: .venv/.engine  ## full and read-only disks, kill -9, little memory, two at once, commas, odd names, links
	.venv/bin/python Testing/Python/faults/faults.py $(FAULTS)

SAMPLE = .venv/bin/xrayto3d simulate --seed 12 --side right --pixel-size 0.5 --tissue 60 --collimate 15
sample: .venv/.engine  ## make the sample radiographs again
	$(SAMPLE) -o build/samples/intact
	$(SAMPLE) -o build/samples/broken --fracture oblique --displaced
	cp build/samples/intact/ap.dcm Resources/Samples/femur_ap.dcm
	cp build/samples/intact/lateral.dcm Resources/Samples/femur_lateral.dcm
	cp build/samples/broken/ap.dcm Resources/Samples/femur_fractured_ap.dcm
	cp build/samples/broken/lateral.dcm Resources/Samples/femur_fractured_lateral.dcm

clean:
	rm -rf .venv demo build

.venv/bin/python:
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --upgrade pip

.venv/.engine: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable .
	@touch $@

.venv/.test: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable '.[test,train]' $(TORCH)
	@touch $@ .venv/.engine .venv/.batch

.venv/.batch: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable '.[batch]'
	@touch $@ .venv/.engine

.venv/.bench: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable '.[bench]'
	@touch $@ .venv/.engine

.venv/.fuzz: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable '.[fuzz]'
	@touch $@ .venv/.engine
