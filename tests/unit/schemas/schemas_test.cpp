// SPDX-License-Identifier: Apache-2.0
// The promises of schemas/: append only, an id for each field, and nothing in payloads that the
// FlatBuffers verifier cannot bound. `flatc --conform` compares types and ids; names, which the
// adapters' JSON and CSV use, are compared here.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "bus/base/file.hpp"

namespace lienthong {
namespace {

namespace fs = std::filesystem;

const fs::path kSchemas = LT_SCHEMAS;

std::string text_of_file(const fs::path& path) {
    const auto bytes = read_file(path, 1024 * 1024);
    EXPECT_TRUE(bytes) << path;
    return bytes ? std::string(as_text(*bytes)) : "";
}

std::vector<fs::path> schemas_in(const fs::path& folder) {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(folder)) {
        if (entry.path().extension() == ".fbs") paths.push_back(entry.path());
    }
    std::ranges::sort(paths);
    return paths;
}

std::vector<fs::path> releases() {
    std::vector<fs::path> paths;
    for (const auto& entry : fs::directory_iterator(kSchemas / "released")) {
        if (entry.is_directory()) paths.push_back(entry.path());
    }
    return paths;
}

struct Field {
    std::string name;
    std::string type;
    std::string id;  // empty: none given
};

// "table Figure" or "enum Kind" -> its lines between the braces, without comments.
std::map<std::string, std::string> blocks(const std::string& kind, const std::string& text) {
    const std::string bare = std::regex_replace(text, std::regex("//[^\n]*"), "");
    const std::regex block(kind + R"(\s+(\w+)[^{]*\{([^}]*)\})");
    std::map<std::string, std::string> found;
    for (std::sregex_iterator it(bare.begin(), bare.end(), block), end; it != end; ++it) {
        found[(*it)[1]] = (*it)[2];
    }
    return found;
}

std::vector<Field> fields(const std::string& block) {
    const std::regex field(R"((\w+)\s*:\s*([\[\]\w.]+)[^;]*;)");
    const std::regex id(R"(\(\s*id\s*:\s*(\d+))");
    std::vector<Field> found;
    for (std::sregex_iterator it(block.begin(), block.end(), field), end; it != end; ++it) {
        std::smatch number;
        const std::string whole = it->str();
        found.push_back(
            {(*it)[1], (*it)[2], std::regex_search(whole, number, id) ? number[1].str() : ""});
    }
    return found;
}

// Exit code of flatc --conform, with what it says left out.
int conform(const fs::path& released, const fs::path& current) {
    const std::string command = std::string(LT_FLATC) + " --conform '" + released.string() +
                                "' --conform-includes '" + released.parent_path().string() +
                                "' -I '" + current.parent_path().string() + "' '" +
                                current.string() + "' >/dev/null 2>&1";
    return std::system(command.c_str());  // NOLINT(cert-env33-c): paths of this build only
}

// A copy of schemas/ in which a test may spoil something; gone at its end.
class Copy {
  public:
    Copy() : folder_(fs::path(testing::TempDir()) / ("lt-schemas-" + std::to_string(getpid()))) {
        fs::remove_all(folder_);
        fs::create_directories(folder_);
        for (const fs::path& path : schemas_in(kSchemas)) {
            fs::copy(path, folder_ / path.filename());
        }
    }
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;
    ~Copy() { fs::remove_all(folder_); }

    void replace(const std::string& file, const std::string& from, const std::string& to) {
        std::string text = text_of_file(folder_ / file);
        const auto at = text.find(from);
        ASSERT_NE(at, std::string::npos) << from;
        text.replace(at, from.size(), to);
        ASSERT_TRUE(write_file(folder_ / file, as_bytes(text)));
    }
    fs::path operator/(const std::string& file) const { return folder_ / file; }

  private:
    fs::path folder_;
};

TEST(Schemas, ConformToEachReleasedVersion) {
    ASSERT_FALSE(releases().empty());
    for (const fs::path& release : releases()) {
        EXPECT_FALSE(schemas_in(release).empty()) << release;
        for (const fs::path& released : schemas_in(release)) {
            const fs::path current = kSchemas / released.filename();
            ASSERT_TRUE(fs::exists(current)) << current << " was released and is gone";
            EXPECT_EQ(conform(released, current), 0) << released;
        }
    }
}

TEST(Schemas, WithAnIncompatibleChangeDoNotConform) {
    const fs::path released = kSchemas / "released" / "0.1.0";
    Copy copy;
    EXPECT_EQ(conform(released / "document_info.fbs", copy / "document_info.fbs"), 0);
    copy.replace(
        "document_info.fbs", "signer_title:string (id: 4, required)", "signer_title:int (id: 4)");
    EXPECT_NE(conform(released / "document_info.fbs", copy / "document_info.fbs"), 0);
    copy.replace("kind.fbs", "province_summary = 2", "province_summary = 99");
    EXPECT_NE(conform(released / "kind.fbs", copy / "kind.fbs"), 0);
}

TEST(Schemas, KeepTheNamesOfReleasedFields) {
    for (const fs::path& release : releases()) {
        for (const fs::path& released : schemas_in(release)) {
            const auto now = blocks("table", text_of_file(kSchemas / released.filename()));
            for (const auto& [table, block] : blocks("table", text_of_file(released))) {
                ASSERT_TRUE(now.contains(table)) << table << " was released and is gone";
                std::map<std::string, std::string> name_of_id;
                for (const Field& field : fields(now.at(table))) name_of_id[field.id] = field.name;
                for (const Field& field : fields(block)) {
                    EXPECT_EQ(name_of_id[field.id], field.name) << table;
                }
            }
        }
    }
}

TEST(Schemas, GiveEveryFieldOfATableItsOwnId) {
    std::size_t count = 0;
    for (const fs::path& path : schemas_in(kSchemas)) {
        for (const auto& [table, block] : blocks("table", text_of_file(path))) {
            std::set<std::string> ids;
            for (const Field& field : fields(block)) {
                ++count;
                EXPECT_FALSE(field.id.empty()) << path << ' ' << table << '.' << field.name;
                EXPECT_TRUE(ids.insert(field.id).second) << table << " repeats id " << field.id;
            }
        }
    }
    EXPECT_GT(count, 300U);
}

TEST(Schemas, UseNoNestedFlatbufferAndNoVectorOfUnions) {
    for (const fs::path& path : schemas_in(kSchemas)) {
        const std::string bare = std::regex_replace(text_of_file(path), std::regex("//[^\n]*"), "");
        EXPECT_EQ(bare.find("nested_flatbuffer"), std::string::npos) << path;
        for (const auto& [name, block] : blocks("union", bare)) {
            EXPECT_EQ(bare.find("[" + name + "]"), std::string::npos) << path;
        }
    }
}

// The schemas that payload.fbs includes.
std::vector<fs::path> payload_schemas() {
    const std::string text = text_of_file(kSchemas / "payload.fbs");
    const std::regex include("include \"(\\w+\\.fbs)\"");
    std::vector<fs::path> paths;
    for (std::sregex_iterator it(text.begin(), text.end(), include), end; it != end; ++it) {
        paths.push_back(kSchemas / (*it)[1].str());
    }
    return paths;
}

// The verifier does not count strings: many tables that share one vector of them would be slow.
TEST(PayloadSchemas, HoldVectorsOfStringsInRootsOnly) {
    ASSERT_GE(payload_schemas().size(), 8U);
    for (const fs::path& path : payload_schemas()) {
        for (const auto& [table, block] : blocks("table", text_of_file(path))) {
            if (table == "CaseFacts" || table == "Consent") continue;
            for (const Field& field : fields(block)) {
                EXPECT_NE(field.type, "[string]") << table << '.' << field.name;
            }
        }
    }
}

// A table that held itself, however indirectly, could be nested as deep as a sender likes.
TEST(PayloadSchemas, AreNotRecursive) {
    std::map<std::string, std::set<std::string>> inner;
    for (const fs::path& path : payload_schemas()) {
        for (const auto& [table, block] : blocks("table", text_of_file(path))) {
            for (const Field& field : fields(block)) {
                inner[table].insert(std::regex_replace(field.type, std::regex(R"([\[\]])"), ""));
            }
        }
    }
    for (std::size_t round = 0; round < inner.size(); ++round) {  // to the transitive closure
        for (auto& [table, below] : inner) {
            for (const std::string& one : std::set<std::string>(below)) {
                if (inner.contains(one)) below.insert(inner.at(one).begin(), inner.at(one).end());
            }
        }
    }
    for (const auto& [table, below] : inner) EXPECT_FALSE(below.contains(table)) << table;
}

// Range checks compare with the last value only.
TEST(PayloadSchemas, HaveEnumerationsFromZeroWithoutAGap) {
    for (const fs::path& path : payload_schemas()) {
        for (const auto& [name, block] : blocks("enum", text_of_file(path))) {
            std::set<int> values;
            const std::regex value(R"(=\s*(\d+))");
            for (std::sregex_iterator it(block.begin(), block.end(), value), end; it != end; ++it) {
                EXPECT_TRUE(values.insert(std::stoi((*it)[1])).second) << name;
            }
            ASSERT_FALSE(values.empty()) << name;
            EXPECT_EQ(*values.begin(), 0) << name;
            EXPECT_EQ(*values.rbegin(), static_cast<int>(values.size()) - 1) << name;
        }
    }
}

}  // namespace
}  // namespace lienthong
