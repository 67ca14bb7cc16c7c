// SPDX-License-Identifier: Apache-2.0
// Whatever bytes arrive, a parser answers with a value or an error; under the sanitizers this test
// also shows that it reads nothing outside them.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "bus/base/random.hpp"
#include "bus/message/document_info.hpp"
#include "bus/message/envelope.hpp"
#include "bus/message/facts.hpp"
#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::message {
namespace {

// A parser with valid input. `parse` gives the code of its refusal, or nothing.
struct Target {
    std::string name;
    Bytes valid;
    std::function<std::optional<Code>(BytesView)> parse;
};

template <class T>
std::optional<Code> code_of(const Result<T>& result) {
    if (result) return std::nullopt;
    return result.error().code;
}

Header header_for_hostility() {
    Header header;
    header.bus = BusId::of("ninh-binh");
    header.id = {1, 2};
    header.sender = AgencyId::of("police");
    header.kind = Kind::initial_check;
    header.case_id.bytes.fill(1);
    header.case_version = CaseVersion{1, 2, {}};
    header.refers_to = Reference{{3, 4}, {}, Relation::answers};
    header.created = 1;
    header.commitments.resize(3);
    return header;
}

std::vector<Target> envelope_targets() {
    Descriptor descriptor;
    descriptor.name = "findings";
    descriptor.form = Form::sealed;
    descriptor.audience = {AgencyId::of("labour"), AgencyId::of("police")};
    descriptor.sealed_to.resize(2);
    Section section;
    section.descriptor = encode_descriptor(descriptor);
    section.plaintext_salt = Hash{};
    section.body = Bytes(100, 7);
    const Header header = header_for_hostility();
    Batch batch;
    batch.proof = Bytes(50, 1);
    batch.envelopes = {{encode_header(header), {section}}, {encode_header(header), {}}};
    SealedBody body;
    body.bus = header.bus;
    body.message = header.id;
    body.sender = header.sender;
    body.kind = header.kind;
    body.section = "findings";
    body.audience = descriptor.audience;
    body.plaintext = Bytes(200, 5);
    CaseFacts facts;
    facts.parties = descriptor.audience;
    facts.holder = header.sender;
    facts.opens = true;
    return {
        {"header", encode_header(header), [](auto b) { return code_of(parse_header(b)); }},
        {"descriptor", section.descriptor, [](auto b) { return code_of(parse_descriptor(b)); }},
        {"batch", encode_batch(batch), [](auto b) { return code_of(parse_batch(b)); }},
        {"sections", encode_sections({section}), [](auto b) { return code_of(parse_sections(b)); }},
        {"body", encode_sealed_body(body), [](auto b) { return code_of(parse_sealed_body(b)); }},
        {"facts", encode_facts(facts), [](auto b) { return code_of(parse_facts(b)); }},
    };
}

std::vector<Target> targets() {
    std::vector<Target> all = envelope_targets();
    for (const KindInfo& kind : all_kinds()) {
        for (const SectionType& type : kind.sections) {
            const std::string root(type.root_table);
            const auto same = [&](const Target& target) { return target.name == root; };
            if (std::ranges::any_of(all, same)) continue;
            all.push_back({root, payload(root, sample(root)), [&type](BytesView bytes) {
                               return code_of(check_section(type, bytes));
                           }});
        }
    }
    all.push_back({"classified",
                   payload("lienthong.fb.DocumentInfo", sample("lienthong.fb.DocumentInfo")),
                   [](BytesView bytes) { return code_of(is_classified(bytes)); }});
    return all;
}

TEST(Parsers, AcceptTheInputThatTheOtherTestsSpoil) {
    for (const Target& target : targets()) EXPECT_FALSE(target.parse(target.valid)) << target.name;
}

TEST(Parsers, RefuseInputThatIsCutShort) {
    for (const Target& target : targets()) {
        std::size_t accepted = 0;
        for (std::size_t size = 0; size < target.valid.size(); ++size) {
            // A copy of its own, so that a sanitizer sees a read behind its end.
            const Bytes cut(target.valid.begin(),
                            target.valid.begin() + static_cast<std::ptrdiff_t>(size));
            if (!target.parse(cut)) ++accepted;
        }
        // What nothing refers to may be missing: the last bytes of alignment.
        EXPECT_LE(accepted, 8U) << target.name;
    }
}

TEST(Parsers, AnswerTwentyThousandSpoiltInputsWithoutCrashing) {
    const std::vector<Target> all = targets();
    SeededRandom random(2021);
    std::size_t refused = 0;
    for (int round = 0; round < 20'000; ++round) {
        const Target& target = all[random.next() % all.size()];
        Bytes spoilt = target.valid;
        for (std::uint64_t flips = 1 + random.next() % 8; flips > 0; --flips) {
            const std::uint64_t bit = random.next() % (spoilt.size() * 8);
            spoilt[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        }
        if (target.parse(spoilt)) ++refused;
    }
    EXPECT_GT(refused, 5'000U);
}

TEST(Parsers, AnswerRandomInputWithoutCrashing) {
    const std::vector<Target> all = targets();
    SeededRandom random(1);
    for (int round = 0; round < 5'000; ++round) {
        Bytes noise(random.next() % 512);
        random.fill(noise);
        // Small offsets reach further into a parser than random ones do.
        for (std::size_t i = 0; i < noise.size(); ++i) {
            if (i % 4 != 0 && random.next() % 4 != 0) noise[i] = 0;
        }
        all[static_cast<std::size_t>(round) % all.size()].parse(noise);
    }
}

TEST(Parsers, SayNothingOfWhatWasInTheInput) {
    const std::string root = "lienthong.fb.Identity";
    std::string json = sample(root);
    json.replace(json.find("1999"), 4, "Secret");
    const auto refused = check_section(section_of(root), payload(root, json));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().where, "persons[0].date_of_birth");
    EXPECT_EQ(refused.error().detail.find("Secret"), std::string::npos);
}

}  // namespace
}  // namespace lienthong::message
