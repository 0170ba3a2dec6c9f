# Everything runs in an environment of its own, .venv, which the first target that needs it makes.
PYTHON ?= python3
XRAY ?= Resources/Samples/femur_ap.dcm
DEMO ?= demo
export XRAY DEMO

.PHONY: demo test bench sample clean

demo: .venv/.engine  ## reconstruct the sample radiograph, or XRAY=path
	@name=$$(basename "$$XRAY"); name=$${name%.*}; mkdir -p "$$DEMO" && \
	.venv/bin/xrayto3d reconstruct "$$XRAY" -o "$$DEMO/$$name.stl" --json "$$DEMO/$$name.json" --report "$$DEMO/$$name-pictures" && \
	echo "surface:  $$DEMO/$$name.stl" && \
	echo "numbers:  $$DEMO/$$name.json" && \
	echo "pictures: $$DEMO/$$name-pictures/"

test: .venv/.test  ## run all tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/pytest

bench: .venv/.bench  ## speed and memory, as ratios within one run
	.venv/bin/python Testing/Python/benchmarks/bench.py

sample: .venv/.engine  ## make the sample radiograph again
	.venv/bin/python -m XRayTo3DLib.simulate.sample Resources/Samples/femur_ap.dcm

clean:
	rm -rf .venv demo build

.venv/bin/python:
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --upgrade pip

.venv/.engine: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable .
	@touch $@

.venv/.test: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable '.[test]'
	@touch $@ .venv/.engine

.venv/.bench: pyproject.toml | .venv/bin/python
	.venv/bin/python -m pip install --quiet --editable '.[bench]'
	@touch $@ .venv/.engine
