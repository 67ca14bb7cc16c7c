#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each fault that tidy names, and what looks like one and is none, in a tree of its own."""
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import cpp_text
import details
import layers
import promises
import tidy

SPDX_CPP = "// SPDX-License-Identifier: Apache-2.0\n"
SPDX_HASH = "# SPDX-License-Identifier: Apache-2.0\n"
EM_LONG = "tidy: long because it is one table"


class TidyTest(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def plant(self, path, text, spdx=SPDX_CPP):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(spdx + text, encoding="utf-8")

    def faults(self):
        return [(fault.path, fault.line, fault.rule) for fault in sorted(tidy.check_all(self.root))]

    def assert_rules(self, *rules):
        self.assertEqual([fault[2] for fault in self.faults()], list(rules))

    # Failpoints

    def plant_places(self, *names):
        rows = "".join(f'    "{name}",\n' for name in names)
        self.plant("bus/base/failpoint.hpp", "constexpr std::array<std::string_view, "
                   f"{len(names)}> kPlaces{{\n{rows}}};\n")

    def test_a_place_that_nothing_passes_is_a_fault(self):
        self.plant_places("send", "store")
        self.plant("bus/node/a.cpp", "void f() {\n    FAILPOINT(send, before);\n"
                   "    FAILPOINT_OR_FAIL(send, after);\n    if (FAILS_AT(store, after)) return;\n}\n")
        self.assertEqual(self.faults(), [("bus/base/failpoint.hpp", 1, "failpoint")])

    def test_a_place_in_a_header_or_a_test_is_a_fault(self):
        self.plant_places()
        self.plant("bus/node/a.hpp", "FAILPOINT(send, before);\n")
        self.plant("tests/unit/bus/node/a_test.cpp", "FAILPOINT(send, before);\n")
        self.assert_rules("failpoint", "failpoint")

    def test_a_release_with_failpoints_is_a_fault(self):
        self.plant_places()
        for variables, rules in (({"CMAKE_BUILD_TYPE": "Debug", "LT_FAILPOINTS": "ON"}, []),
                                 ({"CMAKE_BUILD_TYPE": "Release"}, []),
                                 ({"CMAKE_BUILD_TYPE": "Release", "LT_FAILPOINTS": "ON"},
                                  ["failpoint"])):
            self.plant("CMakePresets.json", json.dumps(
                {"configurePresets": [{"cacheVariables": variables}]}), spdx="")
            self.assert_rules(*rules)

    # Includes

    def test_an_include_upward_is_a_fault(self):
        self.plant("bus/core/state.hpp", "")
        self.plant("bus/base/a.cpp", '#include <vector>\n#include "bus/core/state.hpp"\n')
        self.assertEqual(self.faults(), [("bus/base/a.cpp", 3, "layer")])

    def test_each_module_may_include_what_the_table_says_and_nothing_else(self):
        for name in layers.MODULES:
            self.plant(f"{name}/x_generated.h" if name == "schemas" else f"{name}/x.hpp", "")
        for name, allowed in layers.MODULES.items():
            if name == "schemas" or name in layers.ANYTHING:
                continue
            for other in layers.MODULES:
                header = f"{other}/x_generated.h" if other == "schemas" else f"{other}/x.hpp"
                if (name, other) in layers.INTERFACES:
                    continue
                self.plant(f"{name}/a.cpp", f'#include "{header}"\n')
                expected = [] if other == name or other in allowed else ["layer"]
                self.assertEqual([fault[2] for fault in self.faults()], expected,
                                 f"{name} includes {other}")
            (self.root / name / "a.cpp").unlink()

    def test_the_table_has_no_circle(self):
        done = set()

        def visit(name, above):
            self.assertNotIn(name, above)
            if name not in done:
                for other in layers.MODULES[name]:
                    visit(other, above | {name})
                done.add(name)

        for name in layers.MODULES:
            visit(name, frozenset())

    def test_the_core_sees_the_interface_of_the_journal_only(self):
        self.plant("bus/journal/journal.hpp", "")
        self.plant("bus/journal/lmdb_journal.hpp", "")
        self.plant("bus/core/a.cpp", '#include "bus/journal/journal.hpp"\n'
                   '#include "bus/journal/lmdb_journal.hpp"\n')
        self.assertEqual(self.faults(), [("bus/core/a.cpp", 3, "layer")])

    def test_the_command_line_and_tests_may_include_everything(self):
        self.plant("bus/core/state.hpp", "")
        for path in ("adapters/cli/a.cpp", "tests/sim/a.cpp"):
            self.plant(path, '#include "bus/core/state.hpp"\n')
        self.assert_rules()

    def test_an_unknown_module_is_a_fault(self):
        self.plant("bus/thing/a.cpp", "#include <vector>\n")
        self.assert_rules("layer")

    def test_an_include_is_written_from_the_root_and_exists(self):
        self.plant("bus/base/bytes.hpp", "")
        self.plant("bus/base/a.cpp", '#include "bytes.hpp"\n#include "../base/bytes.hpp"\n'
                   '#include "bus/base/gone.hpp"\n')
        self.assert_rules("include", "include", "include")

    def test_generated_headers_stand_in_sources_only(self):
        self.plant("bus/wire/a.cpp", '#include "schemas/wire_generated.h"\n')
        self.assert_rules()
        self.plant("bus/wire/a.hpp", '#include "schemas/wire_generated.h"\n')
        self.assertEqual(self.faults(), [("bus/wire/a.hpp", 2, "include")])

    def test_a_library_belongs_to_its_owner(self):
        for library in ("zmq.h", "lmdb.h", "openssl/evp.h", "toml++/toml.h", "spdlog/spdlog.h",
                        "prometheus/exposer.h", "nlohmann/json.hpp", "CLI/CLI.hpp", "gtest/gtest.h",
                        "utf8proc.h", "boost/beast.hpp", "flatbuffers/flatbuffers.h"):
            self.plant("bus/node/a.cpp", f"#include <{library}>\n")
            self.assertEqual(self.faults(), [("bus/node/a.cpp", 2, "third-party")], library)
        (self.root / "bus/node/a.cpp").unlink()
        for path, library in (("bus/wire/a.cpp", "zmq.h"), ("bus/journal/a.cpp", "lmdb.h"),
                              ("security/keys/a.cpp", "openssl/evp.h"), ("bus/core/a.cpp",
                                                                         "fmt/format.h"),
                              ("adapters/codec/a.cpp", "nlohmann/json.hpp"),
                              ("bus/node/a.cpp", "sys/stat.h"), ("tests/sim/a.cpp", "zmq.h")):
            self.plant(path, f"#include <{library}>\n")
        self.assert_rules()

    def test_a_library_without_an_owner_is_a_fault(self):
        self.plant("bus/base/a.cpp", "#include <absl/strings.h>\n")
        self.assert_rules("third-party")

    def test_a_header_with_a_library_in_it_is_private_to_the_owners(self):
        self.plant("security/keys/openssl.hpp", "#include <openssl/evp.h>\n")
        self.plant("security/keys/keys.hpp", '#include "security/keys/openssl.hpp"\n')
        self.plant("security/seal/a.cpp", '#include "security/keys/openssl.hpp"\n')
        self.assert_rules()
        self.plant("bus/core/a.cpp", '#include "security/keys/keys.hpp"\n')
        self.assertEqual(self.faults(), [("bus/core/a.cpp", 2, "exposed")])

    def test_an_include_in_a_comment_or_a_string_is_none(self):
        self.plant("bus/base/a.cpp", '/*\n#include "bus/core/a.hpp"\n*/\n'
                   'auto a = R"(\n#include <zmq.h>\n)";\n')
        self.assert_rules()

    # Sizes

    def test_a_file_has_at_most_500_lines(self):
        self.plant("bus/base/a.cpp", "\n" * 499)
        self.plant("tests/run.sh", "\n" * 499, SPDX_HASH)
        self.assert_rules()
        self.plant("bus/base/a.cpp", "\n" * 500)
        self.plant("tests/run.sh", "\n" * 500, SPDX_HASH)
        self.assert_rules("file-length", "file-length")
        self.plant("bus/base/a.cpp", f"// {EM_LONG}\n" + "\n" * 500)
        self.plant("tests/run.sh", f"# {EM_LONG}\n" + "\n" * 500, SPDX_HASH)
        self.assert_rules()

    def test_a_long_file_gives_its_reason_near_its_top(self):
        self.plant("bus/base/a.cpp", "\n" * 30 + f"// {EM_LONG}\n" + "\n" * 500)
        self.assert_rules("file-length")
        self.plant("bus/base/a.cpp", "// tidy: long because\n" + "\n" * 500)
        self.assert_rules("file-length")

    def test_a_function_has_at_most_70_lines(self):
        for head in ("int f() {", "Result<int> A::f(int a) const noexcept {", "A::A() : a_(1) {",
                     "TEST(A, HoldsB) {", "static auto f() -> int {", "template <class T>\nT f() {",
                     "namespace a {\nclass B {\n  void f() override {", "bool f(A a = {}) {"):
            first = head.count("\n")
            own_lines = 1 if head.startswith("namespace") else first + 1
            closing = "\n}" * (3 if head.startswith("namespace") else 1) + "\n"
            self.plant("bus/base/a.cpp", head + "\n    g();" * (69 - own_lines) + closing)
            self.assertEqual(self.faults(), [], head)
            self.plant("bus/base/a.cpp", head + "\n    g();" * (70 - own_lines) + closing)
            self.assertEqual([fault[2] for fault in self.faults()], ["function-length"], head)

    def test_a_long_function_gives_its_reason(self):
        self.plant("bus/base/a.cpp",
                   f"// {EM_LONG}\nint f() {{" + "\n    g();" * 100 + "\n}\n")
        self.assert_rules()

    def test_a_long_table_class_or_namespace_is_no_function(self):
        for head, tail in (("constexpr int kTable[] = {", "};"), ("namespace a {", "}"),
                           ("class A : public B {", "};"), ("enum class A : int {", "};"),
                           ("const auto kTable = std::to_array<A>({", "});")):
            self.plant("bus/base/a.cpp", head + "\n  1," * 100 + "\n" + tail + "\n")
            self.assertEqual(self.faults(), [], head)

    # Words

    def test_a_source_begins_with_its_licence(self):
        for path in ("bus/base/a.cpp", "bus/base/a.hpp", "schemas/a.fbs", "bus/CMakeLists.txt",
                     "tests/a.py", "tests/a.sh"):
            self.plant(path, "", spdx="\n")
        self.assert_rules(*["spdx"] * 6)

    def test_a_script_has_its_licence_after_the_first_line(self):
        self.plant("tests/run", SPDX_HASH, spdx="#!/usr/bin/env bash\n")
        self.assert_rules()
        self.plant("tests/run", "true\n", spdx="#!/usr/bin/env bash\n")
        self.assertEqual(self.faults(), [("tests/run", 2, "spdx")])

    def test_flags_of_lmdb_that_lose_messages_stand_nowhere(self):
        for flag in ("MDB_NOSYNC", "MDB_NOMETASYNC", "MDB_WRITEMAP", "MDB_MAPASYNC"):
            self.plant("bus/journal/a.cpp", f"int f = {flag};\n")
            self.assertEqual(self.faults(), [("bus/journal/a.cpp", 2, "lmdb-flag")])
        self.plant("bus/journal/a.cpp", "int f = MDB_NOTFOUND;\n")
        self.assert_rules()

    def test_the_journals_test_may_name_the_forbidden_flags(self):
        line = "    const unsigned forbidden = MDB_NOSYNC;\n"
        self.plant("tests/unit/bus/journal/a.cpp", line)
        self.assert_rules()
        self.plant("tests/unit/bus/journal/a.cpp", "    open(MDB_NOSYNC);\n")
        self.plant("bus/journal/a.cpp", line)
        self.assert_rules("lmdb-flag", "lmdb-flag")

    def test_a_path_of_a_machine_stands_nowhere(self):
        for path in ("/work/main/x", "/home/somebody", "/root/.x", "/Users/a"):
            self.plant("docs/a.md", f"see {path}\n", spdx="")
            self.assertEqual(self.faults(), [("docs/a.md", 1, "machine-path")], path)
        self.plant("docs/a.md", "see https://example.org/home/x, $D/work/x, /usr/bin/x\n", spdx="")
        self.assert_rules()

    def test_a_name_says_what_the_thing_is_about(self):
        for path in ("bus/base/utils.hpp", "bus/common/a.txt", "tests/socket_helper.txt",
                     "bus/base/KeyManager.txt".lower().replace("keym", "key_m")):
            self.plant(path, "", spdx=SPDX_CPP)
            self.assertIn("name", [fault[2] for fault in self.faults()], path)
            (self.root / path).unlink()
        self.plant("bus/base/commons_act.txt", "")
        self.assert_rules()

    def test_a_test_neither_sleeps_nor_is_switched_off(self):
        for line, rule in (("TEST(A, DISABLED_B) {}", "disabled-test"),
                           ("TEST(A, B) { GTEST_SKIP(); }", "skipped-test"),
                           ("TEST(A, B) { std::this_thread::sleep_for(1s); }", "sleep"),
                           ("TEST(A, B) { usleep(5); }", "sleep"),
                           ("TEST(A, B) { EXPECT_TRUE(true); }", "empty-assertion"),
                           ("TEST(A, B) { ASSERT_FALSE(false); }", "empty-assertion")):
            self.plant("tests/unit/a.cpp", line + "\n")
            self.assertEqual(self.faults(), [("tests/unit/a.cpp", 2, rule)], line)
        self.plant("tests/unit/a.cpp", "// no sleep_for here\nauto a = \"DISABLED_\";\n")
        self.plant("tests/bench/a.cpp", "void f() { usleep(5); }\n")  # a program, no test
        self.assert_rules()

    def test_memory_has_an_owner_from_the_start(self):
        for line, rule in (("auto* a = new A;", "raw-new"), ("f(new A(1));", "raw-new"),
                           ("auto a = new (place) A;", "raw-new"), ("delete a;", "raw-delete"),
                           ("delete[] a;", "raw-delete")):
            self.plant("bus/base/a.cpp", f"void f() {{ {line} }}\n")
            self.assertEqual(self.faults(), [("bus/base/a.cpp", 2, rule)], line)
        self.plant("bus/base/a.cpp", "A(const A&) = delete;\n// a new delete\n"
                   'auto s = "new x";\nreturn std::unique_ptr<A>(new A(1));\n'
                   "std::unique_ptr<A> a(new A);\nauto* m = ::operator new(5);\n"
                   "::operator delete(m);\n#include <new>\n")
        self.assert_rules()

    def test_each_field_of_a_table_has_its_id(self):
        self.plant("schemas/a.fbs", "struct P { a:int; }\nenum E : ubyte { none = 0 }\n"
                   "table A {\n  a:int (id: 0);  // x:int;\n  b:string (required, id: 1);\n}\n"
                   "union U { A }\n")
        self.assert_rules()
        self.plant("schemas/a.fbs", "table A {\n  a:int (id: 0);\n  b:string (required);\n}\n")
        self.assertEqual(self.faults(), [("schemas/a.fbs", 4, "field-id")])
        self.plant("schemas/a.fbs", 'table A { a:[ubyte] (id: 0, nested_flatbuffer: "B"); }\n')
        self.assert_rules("nested-flatbuffer")

    def test_what_git_does_not_keep_is_not_read(self):
        self.plant("build/dev/a.cpp", "int f = MDB_NOSYNC;\n")
        self.plant("tests/tidy/__pycache__/a.txt", "/home/a\n")
        self.assert_rules()

    # The program

    def test_it_prints_file_line_rule_and_what_to_do(self):
        self.plant("bus/base/a.cpp", "int f = MDB_NOSYNC;\n")
        run = subprocess.run([sys.executable, tidy.__file__, str(self.root)], capture_output=True,
                             text=True, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertEqual(run.stdout, "bus/base/a.cpp:2: lmdb-flag: MDB_NOSYNC loses acknowledged "
                         "messages: leave it out\n")
        self.plant("bus/base/a.cpp", "")
        run = subprocess.run([sys.executable, tidy.__file__, str(self.root)], check=False,
                             capture_output=True)
        self.assertEqual((run.returncode, run.stdout), (0, b""))


class DetailsTest(unittest.TestCase):

    def test_a_detail_without_vietnamese_words_is_named(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            table = root / details.TABLE
            table.parent.mkdir(parents=True)
            table.write_text('{"is known", "đã biết"},\n{"is long and "\n "known", "dài"},\n',
                             encoding="utf-8")
            for call in ('fail(Code::a, "is {}")', 'bad("is {}", where)', 'bad(field, "is {}")',
                         'checker.require(x > 0 && f(1),\n  "x", "is {}");',
                         'table.refuse("key", "is {}");', 'Error{{Code::a, "is {}", {{}}, {{}}}}',
                         'checker.fail("x", "is {}", Code::a)', 'usage("is {}", "--x")',
                         'broken("is {}")', 'return malformed("is {}", "file");',
                         'fail(Code::a, f(x) ? "is {}" : "is known", "x")',
                         'Error{{Code::a,\n *x ? "is known"\n : "is {}", {{}}, {{}}}}'):
                source = root / "adapters/cli/some.cpp"
                source.write_text(call.format("known"), encoding="utf-8")
                self.assertEqual(list(details.missing(root)), [], call)
                source.write_text(call.format("long and \" \"known"), encoding="utf-8")
                self.assertEqual(list(details.missing(root)), [], call)
                source.write_text(call.format("new"), encoding="utf-8")
                self.assertEqual([detail for _, detail in details.missing(root)], ["is new"], call)


class PromisesTest(unittest.TestCase):

    def test_a_test_that_a_document_names_must_exist(self):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            for path, text in (
                    ("tests/unit/a_test.cpp", "TEST_F(Outbox, GoesOut) {}"),
                    ("tests/integration/b_test.py", "class Stick(Case):\n    def test_1_out(self):\n"),
                    ("tests/CMakeLists.txt", "add_test(NAME tidy COMMAND x)\nlt_processes(home home 9)\n"
                     "foreach(name large small)\n    lt_processes(${name} ${name}_test 900)\n")):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).write_text(text, encoding="utf-8")
            good = ("`Outbox.GoesOut`", "`Outbox.*`", "`Outbox.Goes…`", "`Outbox.Goes…Out`",
                    "`Stick.test_1…`", "ctest `tidy`, `integration_large`", "`Word`", "`node.sock`")
            bad = ("`Outbox.GoesIn`", "`Inbox.*`", "`Outbox.Stays…`", "`Stick.test_2…`",
                   "ctest `tidy`, `sim`")
            document = root / "docs/promises.md"
            document.parent.mkdir()
            document.write_text("\n".join((*good, *bad)), encoding="utf-8")
            found = [fault.split(": ")[0] for fault in promises.missing(root)]
            first = len(good) + 1
            self.assertEqual(found, [f"docs/promises.md:{first + i}" for i in range(len(bad))])


class CppTextTest(unittest.TestCase):

    def test_comments_and_strings_become_blanks_line_for_line(self):
        text = 'int a = 1\'000; // {\nauto b = "\\"{"; /* {\n{ */ char c = \'{\';\nR"x({\n)")x";\n'
        blanked = cpp_text.blank(text)
        self.assertEqual(len(blanked), len(text))
        self.assertEqual(blanked.count("\n"), text.count("\n"))
        self.assertNotIn("{", blanked)
        self.assertIn("int a = 1'000;", blanked)

    def test_functions_are_found_with_their_lines(self):
        text = ("namespace a {\nclass B {\n  public:\n    int f() const { return g({1}); }\n};\n"
                "B::B(int x)\n    : x_{x}, y_(2) {\n    auto l = [] { return 1; };\n    if (x) {\n"
                "    }\n}\nbool operator==(const B& a, const B& b) {\n    return true;\n}\n}\n")
        found = cpp_text.functions(cpp_text.blank(text))
        self.assertIn(("f", 4, 4), [tuple(function) for function in found])
        self.assertIn(11, [function.last_line for function in found])
        self.assertIn(("operator==", 12, 14), [tuple(function) for function in found])


if __name__ == "__main__":
    unittest.main()
