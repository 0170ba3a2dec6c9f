"""What Python may touch of the classes of Slicer and CTK, read from their C++ headers: the table `members.json`.

PythonQt shows properties, signals, public slots and invokable functions of a class, and what a decorator adds to it;
any other C++ function, public or not, does not exist for Python.

    python members.py SLICER_SOURCE_DIR CTK_SOURCE_DIR

renews what the table tells of that version of Slicer. The checkouts have to fit each other: the commit of CTK is named
in Slicer's SuperBuild/External_CTK.cmake.
"""

import argparse
import functools
import itertools
import json
import re
from pathlib import Path

TABLE = Path(__file__).with_name("members.json")
CLASSES = (
    "ctkCollapsibleButton",
    "ctkMessageBox",
    "ctkPathLineEdit",
    "ctkRangeWidget",
    "ctkSliderWidget",
    "qMRMLNodeComboBox",
    "qMRMLSegmentEditorWidget",
    "qMRMLSliceControllerWidget",
    "qMRMLSliceView",
    "qMRMLSliceWidget",
    "qMRMLSortFilterProxyModel",
    "qMRMLThreeDView",
    "qMRMLThreeDViewControllerWidget",
    "qMRMLThreeDWidget",
    "qMRMLWidget",
    "qSlicerApplication",
    "qSlicerIOManager",
    "qSlicerLayoutManager",
    "qSlicerMainWindow",
    "qSlicerMarkupsPlaceWidget",
    "qSlicerModuleFactoryManager",
    "qSlicerModuleManager",
    "qSlicerModuleSelectorToolBar",
    "qSlicerScriptedLoadableModule",
    "qSlicerScriptedLoadableModuleWidget",
    "qSlicerSimpleMarkupsWidget",
)
PROPERTIES = ("properties", "read-only properties")
FUNCTIONS = ("signals", "slots", "invokables", "decorators", "static decorators")

# The table


@functools.cache
def _table():
    return json.loads(TABLE.read_text())


def versions():
    """Versions of Slicer that the table tells of, the oldest first."""
    return sorted(_table(), key=lambda version: tuple(map(int, version.split("."))))


def table(of):
    """Classes of one version, by name."""
    return _table()[of]


# The Slicer that the stand-ins stand for: the oldest that is supported. A test may set another.
version = versions()[0] if TABLE.exists() else None


def lineage(name):
    """A class and those that it inherits, by name, up to Qt's."""
    result = [name]
    while result[-1] in _table()[version]:
        result.append(_table()[version][result[-1]]["base"])
    return result


def own(name, kind):
    """Members of one kind that a class itself declares, [] for a class that the table lacks."""
    return _table()[version].get(name, {}).get(kind, [])


def header(name):
    """File that declares a class, None for a class that the table lacks."""
    return _table()[version].get(name, {}).get("header")


def functions(name, kinds=FUNCTIONS):
    """Signatures of a class and its ancestors, without those of Qt."""
    return [each for cls, kind in itertools.product(lineage(name), kinds) for each in own(cls, kind)]


def find(name, member):
    """The class that declares a member, and its kind; (None, None) if none of a class's ancestors in the table does.

    As for PythonQt, properties come before functions, whatever class declares them.
    """
    return _found(version, name, member)


@functools.cache  # a panel asks for some hundreds of members, each many times
def _found(_version, name, member):
    for cls, kind in itertools.product(lineage(name), PROPERTIES):
        if member in own(cls, kind):
            return cls, kind
    for cls, kind in itertools.product(lineage(name), FUNCTIONS):
        if member in map(name_of, own(cls, kind)):
            return cls, kind
    return None, None


def name_of(signature):
    return signature.partition("(")[0]


def count_of(signature):
    """Number of arguments."""
    return len(_arguments(signature.partition("(")[2].rpartition(")")[0]))


# The headers


def version_of(slicer):
    """Version of a checkout of Slicer, as "5.10"."""
    text = (Path(slicer) / "CMakeLists.txt").read_text()
    return ".".join(re.search(rf'Slicer_VERSION_{part} "(\d+)"', text)[1] for part in ("MAJOR", "MINOR"))


def read(slicer, ctk):
    """What the checkouts of Slicer and CTK say of the classes and their ancestors, by name."""
    headers = {}
    for label, folder in (("CTK", ctk), ("Slicer", slicer)):
        for path in sorted(Path(folder).rglob("*.h")):
            headers.setdefault(path.stem, (f"{label}/{path.relative_to(folder).as_posix()}", path))
    result, left = {}, list(CLASSES)
    while left:
        name = left.pop()
        if name in headers and name not in result:
            shown, path = headers[name]
            result[name] = {"header": shown, **_class(_plain(path.read_text()), name)}
            left.append(result[name]["base"])
    for stem in (stem for stem in sorted(headers) if stem.endswith("PythonQtDecorators")):
        for owner, kind, signatures in _decorators(_plain(headers[stem][1].read_text())):
            if owner in result:
                result[owner].setdefault(kind, []).extend(signatures)
    return dict(sorted(result.items()))


def _plain(text):
    """C++ without comments, strings, and lines of the preprocessor."""
    text = re.sub(r""""(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])'|//[^\n]*|/\*.*?\*/""", " ", text, flags=re.S)
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", "", text, flags=re.M)


def _class(text, name):
    """Base and members of a class."""
    head = re.search(rf"\bclass\s+(?:\w+\s+)?{name}\s*:\s*public\s+(\w+)[^{{;]*{{", text)
    body = text[head.end() : _end(text, head.end())]
    result = {"base": head[1]}
    found = re.findall(r"\bQ_PROPERTY\s*\(\s*([^()]*?[\s*&])(\w+)\s+(READ\b[^()]*)\)", body)
    for _, member, rest in found:
        kind = PROPERTIES["WRITE" not in rest.split()]
        result.setdefault(kind, []).append(member)
    for section, kind, prefix, signatures in _declared(body):
        if kind is None and "Q_INVOKABLE" in prefix:
            kind = "invokables"
        if kind == "signals" or (kind and section == "public"):
            result.setdefault(kind, []).extend(signatures)
    # What is declared once for Qt 5 and once for Qt 6 is there once.
    return {kind: list(dict.fromkeys(each)) if isinstance(each, list) else each for kind, each in result.items()}


def _decorators(text):
    """Owner, kind and signatures of each function that a header's decorators add to classes."""
    for head in re.finditer(r"\bclass\s+(?:\w+\s+)?\w+\s*:\s*public\s+QObject\s*{", text):
        for _, kind, _, signatures in _declared(text[head.end() : _end(text, head.end())]):
            static = re.fullmatch(r"static_([a-zA-Z]+)_(.*)", signatures[0])
            owner = re.match(r"\w+\((\w+)\*,?", signatures[0])
            if kind == "slots" and static:
                offset = len(f"static_{static[1]}_")
                yield static[1], "static decorators", [each[offset:] for each in signatures]
            elif kind == "slots" and owner:
                cut = [re.sub(r"\(\w+\*,?", "(", each) for each in signatures if "()" not in each]
                yield owner[1], "decorators", cut


def _end(text, start, pair="{}"):
    """Where what is open at a place of a text is closed."""
    depth = 1
    for index in range(start, len(text)):
        depth += (text[index] == pair[0]) - (text[index] == pair[1])
        if not depth:
            return index
    raise ValueError(f"{text[start : start + 40]!r} does not end")


def _declared(body):
    """Access, kind (slots, signals, None), prefix and signatures of each function that a class declares."""
    body = re.sub(r"\bQ_[A-Z_]+\s*\((?:[^()]|\([^()]*\))*\)|\b(?:Q|QVTK)_OBJECT\b", " ", body)
    access, kind = "private", None
    mark = r"\b(public|protected|private)\s*(Q_SLOTS|slots)?\s*:(?!:)|\b(Q_SIGNALS|signals)\s*:(?!:)"
    for statement in _statements(re.sub(mark, lambda found: f";{found[0]};", body)):
        if section := re.fullmatch(mark, statement):
            access, kind = section[1] or "public", "signals" if section[3] else "slots" if section[2] else None
        elif head := re.match(r"(.*?[\w*&>])\s*\b(\w+)\s*\(", statement):
            words = re.sub(r"[*&]", " ", head[1]).split()
            arguments = statement[head.end() : _end(statement, head.end(), "()")]
            yield access, kind, words, _signatures(head[2], arguments)


def _statements(body):
    """A class's declarations in one line each; of a function with a body its head."""
    result, brackets, braces = "", 0, 0
    for character in body:
        brackets += 0 if braces else (character == "(") - (character == ")")
        braces += 0 if brackets else (character == "{") - (character == "}")
        if not braces:
            result += ";" if character == "}" and not brackets else character
    return [" ".join(each.split()) for each in result.split(";") if each.strip()]


def _arguments(text):
    """Arguments of a function, one by one."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "<(") - (character in ">)")
        if character == "," and not depth:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def _signatures(name, arguments):
    """Signatures of a function as Qt writes them: without names, and once more for each argument that may be left."""
    types, least = [], 0
    for index, argument in enumerate(_arguments(arguments)):
        kind, default, _ = argument.partition("=")
        types.append(_type(kind))
        least = least if default else index + 1
    return [f"{name}({','.join(types[:count])})" for count in range(len(types), least - 1, -1)]


def _type(argument):
    """Type of an argument as Qt writes it."""
    named = re.fullmatch(r"(.*[\s*&>])(\w+)\s*", argument.strip())
    if named and named[2] not in ("int", "long", "char", "short", "double") and named[1].strip() != "const":
        argument = named[1]
    argument = re.sub(r"\s*([*&<>,])\s*", r"\1", argument.strip())
    return re.sub(r"^const (.*)&$", r"\1", argument)


def _written(table):
    """The table as text, one line for each class's members of a kind."""
    lines = []
    for each in sorted(table):
        lines.append(f" {json.dumps(each)}: {{")
        for name, members in table[each].items():
            kinds = ",\n".join(f"   {json.dumps(kind)}: {json.dumps(found)}" for kind, found in members.items())
            lines.append(f"  {json.dumps(name)}: {{\n{kinds}\n  }},")
        lines[-1] = lines[-1].rstrip(",")
        lines.append(" },")
    lines[-1] = " }"
    return "\n".join(["{", *lines, "}", ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("slicer", type=Path, help="checkout of Slicer")
    parser.add_argument("ctk", type=Path, help="checkout of CTK")
    sources = parser.parse_args()
    table = json.loads(TABLE.read_text()) if TABLE.exists() else {}
    table[version_of(sources.slicer)] = read(sources.slicer, sources.ctk)
    TABLE.write_text(_written(table))


if __name__ == "__main__":
    main()
