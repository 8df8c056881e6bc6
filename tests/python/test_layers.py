"""The layers of design.md: who includes and links whom, where each library may appear, and that the scan sees it."""

import re
import shutil

import pytest

from helpers import ROOT

LAYERS = [["core"], ["config"], ["data"], ["encoder"], ["bank"], ["head"], ["objective", "scoring"],
          ["training", "evaluation", "tuning", "submission", "flatness", "faces", "report"], ["cli"]]
LEVEL = {module: level for level, modules in enumerate(LAYERS) for module in modules}
# library -> the include paths that give it away, and the files (modules or path prefixes) that may
LIBRARIES = {
    "OpenCV": (r"opencv2/", ["data/"]),
    "FFmpeg": (r"lib(av|sw)\w+/", ["data/"]),
    "yaml-cpp": (r"yaml-cpp/", ["config/"]),
    "CLI11": (r"CLI/", ["cli/"]),
    "spdlog": (r"spdlog/", ["core/log"]),
    "Boost": (r"boost/", ["training/run/event_file", "training/sweep/sweep_table"]),
    "libarchive": (r"archive_entry\.h", ["core/text_file"]),
    "libjpeg": (r"jpeglib\.h", ["data/formats/"]),
    "libheif": (r"libheif/", ["data/formats/"]),
    "TorchScript": (r"torch/(script\.h|csrc/jit/)", ["encoder/"]),
    "CUDA": (r"((ATen|c10)/cuda/|cuda)", ["training/graph/cuda.cpp"]),
    "all of torch": (r"torch/torch\.h", []),
}
TORCH = re.compile(r"(torch|ATen|c10)/")
TENSOR_HEADER, TENSOR_MODULES = "ATen/core/Tensor.h", ("head", "objective", "training", "flatness")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", re.sub(r"//[^\n]*", "", text), flags=re.DOTALL)


def sources(root):
    """(module, path relative to src/ or include/mien/, is it public, text)"""
    for base, public in (("src", False), ("include/mien", True)):
        for path in sorted((root / base).rglob("*")):
            if path.suffix in (".cpp", ".h", ".hpp", ".cc"):
                relative = path.relative_to(root / base)
                yield relative.parts[0], relative.as_posix(), public, without_comments(path.read_text())


def allowed(module, other):
    return module == other or LEVEL[other] < LEVEL[module]


def breaches(root):
    """One line a breach: `path: what`."""
    found = []
    for module, path, public, text in sources(root):
        if module not in LEVEL:
            found.append(f"{path}: {module} is no module of the design")
            continue
        if public and "#pragma once" not in text:
            found.append(f"{path}: no #pragma once")
        for quote, header in INCLUDE.findall(text):
            found += [f"{path}: {problem}" for problem in of_include(root, module, path, public, quote, header)]
    return found + list(link_breaches(root))


def of_include(root, module, path, public, quote, header):
    if header.startswith("mien/"):
        other = header.split("/")[1]
        if other not in LEVEL or not allowed(module, other):
            yield f"{module} includes {header}"
        if not (root / "include" / header).exists():
            yield f"{header} does not exist"
    elif quote == '"':  # private: of the same folder only
        folder = root / ("include/mien" if public else "src") / module
        if public or not (folder / header).resolve().is_relative_to(folder.resolve()):
            yield f"includes {header} of another folder"
        elif not (folder / header).exists():
            yield f"{header} does not exist"
    for library, (pattern, places) in LIBRARIES.items():
        if re.match(pattern, header) and not any(path.startswith(place) for place in places):
            yield f"includes {header}: {library} belongs in {places or 'no file'}"
    if public and TORCH.match(header) and not (header == TENSOR_HEADER and module in TENSOR_MODULES):
        yield f"a public header includes {header}"


def linked(root):
    """(module, library) of every mien_module() and of the program."""
    for path in sorted((root / "src").glob("*/CMakeLists.txt")):
        text = re.sub(r"#[^\n]*", "", path.read_text())
        for call in re.findall(r"(?:mien_module|target_link_libraries)\(([^)]*)\)", text):
            for word in call.split():
                yield path.parent.name, word


def link_breaches(root):
    """Module libraries downwards only, each library of others where its headers may be."""
    homes = {"mien::opencv": ["data"], "yaml-cpp": ["config"], "CLI11::CLI11": ["cli"], "spdlog::spdlog": ["core"],
             "mien::torch": ["encoder", "head"], "mien::torch_cuda": ["training"], "Boost::headers": ["training"],
             "LibArchive::LibArchive": ["core"], "JPEG::JPEG": ["data"]}
    for module, library in linked(root):
        name = library.removeprefix("mien::")
        if library in homes:
            if module not in homes[library]:
                yield f"{module}/CMakeLists.txt: links {library}"
        elif library.startswith("mien::") and (name not in LEVEL or not allowed(module, name) or name == module):
            yield f"{module}/CMakeLists.txt: links {library}"


def include_graph(root):
    graph = {}
    for module, path, public, text in sources(root):
        node = ("include/mien/" if public else "src/") + path
        graph[node] = ["include/" + header if header.startswith("mien/") else f"src/{module}/{header}"
                       for quote, header in INCLUDE.findall(text) if quote == '"' or header.startswith("mien/")]
    return graph


def cycles(graph):
    done, found = set(), []

    def visit(node, path):
        if node in path:
            found.append(path[path.index(node):] + [node])
        elif node not in done:
            for other in graph.get(node, []):
                visit(other, [*path, node])
            done.add(node)

    for node in graph:
        visit(node, [])
    return found


def test_the_sources_keep_to_the_layers():
    assert breaches(ROOT) == []


def test_the_scan_sees_every_module_and_many_includes():
    seen = {module for module, *_ in sources(ROOT)}
    assert {"core", "config", "data", "encoder", "bank", "head", "objective", "scoring", "training", "cli"} <= seen
    text = "".join(text for *_, text in sources(ROOT))
    assert len(INCLUDE.findall(text)) > 200
    for header in ("opencv2/", "yaml-cpp/", "CLI/", "spdlog/", "torch/csrc/jit/", "ATen/cuda/", "jpeglib.h", "libheif/"):  # the patterns are live ones
        assert header in text
    assert len([name for _, name in linked(ROOT) if name.startswith("mien::")]) > 10


def test_no_header_includes_itself_by_a_detour():
    assert cycles(include_graph(ROOT)) == []


def test_every_module_that_is_included_is_linked():
    links = {}
    for module, library in linked(ROOT):
        if library.startswith("mien::"):
            links.setdefault(module, set()).add(library.removeprefix("mien::"))

    def reachable(module):
        direct = links.get(module, set()) & set(LEVEL)
        return direct.union(*(reachable(other) for other in direct)) if direct else direct

    for module, path, _, text in sources(ROOT):
        for _, header in INCLUDE.findall(text):
            if header.startswith("mien/") and header.split("/")[1] != module:
                assert header.split("/")[1] in reachable(module), f"{path} includes {header}"


# -- the test of the test -------------------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    for folder in ("src", "include"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


PLANTED = [
    ("src/core/text.cpp", '#include "mien/config/fields.h"', "core includes mien/config/fields.h"),
    ("src/bank/bank.cpp", "#include <mien/head/head.h>", "bank includes mien/head/head.h"),
    ("src/objective/cvar.cpp", '#include "mien/scoring/scores.h"', "objective includes mien/scoring"),
    ("src/scoring/scores.cpp", '  #  include "mien/objective/cvar.h"', "scoring includes mien/objective"),
    ("src/training/step/step.cpp", '#include "mien/submission/fill.h"', "training includes mien/submission"),
    ("src/evaluation/evaluate.cpp", '#include "mien/training/step.h"', "evaluation includes mien/training"),
    ("src/head/head.cpp", '#include "../bank/bank_json.h"', "of another folder"),
    ("src/bank/bank.cpp", "#include <opencv2/core.hpp>", "OpenCV belongs in"),
    ("src/training/options.cpp", "#include <yaml-cpp/yaml.h>", "yaml-cpp belongs in"),
    ("src/config/fields.cpp", "#include <CLI/CLI.hpp>", "CLI11 belongs in"),
    ("src/core/files.cpp", "#include <spdlog/spdlog.h>", "spdlog belongs in"),
    ("src/cli/main.cpp", "#include <spdlog/spdlog.h>", "spdlog belongs in"),
    ("src/training/step/step.cpp", "#include <boost/crc.hpp>", "Boost belongs in"),
    ("src/submission/fill.cpp", "#include <archive_entry.h>", "libarchive belongs in"),
    ("src/data/image_decode.cpp", "#include <jpeglib.h>", "libjpeg belongs in"),
    ("src/faces/crop.cpp", "#include <libheif/heif.h>", "libheif belongs in"),
    ("src/head/head.cpp", "#include <torch/script.h>", "TorchScript belongs in"),
    ("src/training/step/step.cpp", "#include <torch/csrc/jit/api/module.h>", "TorchScript belongs in"),
    ("src/training/step/step.cpp", "#include <c10/cuda/CUDAStream.h>", "CUDA belongs in"),
    ("src/encoder/runtime.cpp", "#include <torch/torch.h>", "all of torch belongs in no file"),
    ("include/mien/bank/bank.h", "#include <ATen/core/Tensor.h>", "a public header includes ATen"),
    ("include/mien/head/head.h", "#include <ATen/ATen.h>", "a public header includes ATen/ATen.h"),
    ("include/mien/encoder/encoder.h", "#include <c10/util/Exception.h>", "a public header includes c10"),
    ("include/mien/core/text.h", '#include "mien/core/nothing.h"', "does not exist"),
    ("src/core/CMakeLists.txt", "target_link_libraries(mien_core PUBLIC mien::config)", "links mien::config"),
    ("src/scoring/CMakeLists.txt", "mien_module(more PRIVATE\n  mien::objective)", "links mien::objective"),
    ("src/training/CMakeLists.txt", "target_link_libraries(x PRIVATE mien::opencv)", "links mien::opencv"),
    ("src/cli/CMakeLists.txt", "target_link_libraries(x PRIVATE mien::torch)", "links mien::torch"),
]


@pytest.mark.parametrize("path, line, expected", PLANTED, ids=[f"{p} {e}" for p, _, e in PLANTED])
def test_a_planted_breach_is_found(copy, path, line, expected):
    target = copy / path
    target.write_text(line + "\n" + target.read_text())
    found = breaches(copy)
    assert any(expected in problem for problem in found), found
    module = path.split("/")[1] if path.startswith("src") else path.split("/")[2]
    assert all(problem.startswith(f"{module}/") for problem in found)


def test_a_header_without_pragma_once_is_found(copy):
    target = copy / "include/mien/core/text.h"
    target.write_text(target.read_text().replace("#pragma once", "// #pragma once"))
    assert breaches(copy) == ["core/text.h: no #pragma once"]


def test_an_unknown_module_is_found(copy):
    (copy / "src" / "helpers").mkdir()
    (copy / "src" / "helpers" / "all.cpp").write_text('#include "mien/core/text.h"\n')
    assert breaches(copy) == ["helpers/all.cpp: helpers is no module of the design"]


def test_an_include_in_a_comment_is_no_breach(copy):
    target = copy / "src/core/text.cpp"
    target.write_text('// #include "mien/cli/x.h"\n/*\n#include <opencv2/core.hpp>\n*/\n' + target.read_text())
    assert breaches(copy) == []


def test_a_cycle_is_found():
    assert cycles({"a": ["b"], "b": ["c"], "c": ["a"]}) == [["a", "b", "c", "a"]]
    assert cycles({"a": ["b", "c"], "b": ["c"], "c": []}) == []
