// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bus/message/payload_from_json.hpp"

#include <flatbuffers/idl.h>

#include <memory>

#include "bus/base/check.hpp"
#include "bus/base/file.hpp"
#include "schemas/payload_bfbs.h"

namespace lienthong::message {

std::optional<Bytes> maybe_payload(const std::string& root_table, const std::string& json) {
    // Loading the schema costs milliseconds; after an error, a parser keeps half a table.
    static std::unique_ptr<flatbuffers::Parser> parser;
    if (!parser) {
        parser = std::make_unique<flatbuffers::Parser>();
        CHECK(parser->Deserialize(fb::kPayloadBfbs.data(), fb::kPayloadBfbs.size()));
    }
    CHECK(parser->SetRootType(root_table.c_str()));
    if (!parser->ParseJson(json.c_str())) {
        parser.reset();
        return std::nullopt;
    }
    const auto& builder = parser->builder_;
    return Bytes(builder.GetBufferPointer(), builder.GetBufferPointer() + builder.GetSize());
}

Bytes payload(const std::string& root_table, const std::string& json) {
    auto bytes = maybe_payload(root_table, json);
    CHECK(bytes.has_value());
    return *bytes;
}

std::string sample(const std::string& root_table) {
    const std::string table = root_table.substr(root_table.rfind('.') + 1);
    const auto bytes = read_file(std::string(LT_SAMPLES "/") + table + ".json", 1024 * 1024);
    CHECK(bytes.has_value());
    return std::string(as_text(*bytes));
}

const SectionType& section_of(const std::string& root_table) {
    for (const KindInfo& kind : all_kinds()) {
        for (const SectionType& section : kind.sections) {
            if (section.root_table == root_table) return section;
        }
    }
    constexpr bool a_kind_has_this_section = false;
    CHECK(a_kind_has_this_section);
    return all_kinds().front().sections.front();
}

}  // namespace lienthong::message
