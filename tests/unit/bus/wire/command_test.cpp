// SPDX-License-Identifier: Apache-2.0
#include "bus/wire/command.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

#include "bus/base/random.hpp"
#include "bus/wire/command_text.hpp"
#include "tests/unit/bus/wire/samples.hpp"

namespace lienthong::message {

// Every field of the values whose types have no comparison of their own.
auto fields(const Receipt& r) {
    return std::tie(r.stream,
                    r.first,
                    r.verdicts,
                    r.first_position,
                    r.accepted_count,
                    r.time,
                    r.epoch,
                    r.head,
                    r.proof_hash,
                    r.left,
                    r.right,
                    r.case_parties,
                    r.consented,
                    r.asked_size,
                    r.consistency);
}
auto fields(const DeliveredEntry& e) {
    return std::tie(e.position,
                    e.kind,
                    e.epoch,
                    e.time,
                    e.header,
                    e.proof,
                    e.batch_index,
                    e.batch_path,
                    e.sections,
                    e.skipped);
}
auto fields(const Query& q) {
    return std::tie(q.kind, q.case_id, q.officer, q.purpose, q.from, q.count_max, q.head_size);
}
auto fields(const PartyEvidence& e) { return std::tuple_cat(fields(e.entry), std::tie(e.path)); }
auto fields(const CaseStep& s) {
    return std::tie(s.position, s.time, s.kind, s.agency, s.state, s.message);
}
auto fields(const CaseRow& r) {
    return std::tie(r.case_id, r.state, r.holder, r.since, r.position, r.due, r.epoch, r.leaf);
}

}  // namespace lienthong::message

namespace lienthong::wire {
namespace {

template <class T>
bool all_same(const std::vector<T>& left, const std::vector<T>& right) {
    if (left.size() != right.size()) return false;
    for (std::size_t i = 0; i < left.size(); ++i) {
        if (fields(left[i]) != fields(right[i])) return false;
    }
    return true;
}

bool same(const Delivery& left, const Delivery& right) {
    return left.consumer == right.consumer && left.agency == right.agency &&
           left.from == right.from && left.to == right.to && left.epoch == right.epoch &&
           left.head == right.head && left.signature == right.signature &&
           all_same(left.entries, right.entries);
}
bool same(const QueryAnswer& left, const QueryAnswer& right) {
    return all_same(left.cases, right.cases) && all_same(left.steps, right.steps) &&
           left.parties == right.parties && left.consented == right.consented &&
           left.more == right.more && all_same(left.evidence, right.evidence);
}
template <class T>
bool same(const T& left, const T& right) {
    if constexpr (requires { left == right; }) {
        return left == right;
    } else {
        return fields(left) == fields(right);
    }
}

TEST(Command, CarriesEveryFieldOfEveryKindThere) {
    const auto commands = sample_commands();
    ASSERT_EQ(commands.size(), std::variant_size_v<Body>);
    for (std::size_t i = 0; i < commands.size(); ++i) {
        ASSERT_EQ(commands[i].body.index(), i) << "each kind has a sample";
        const auto parsed = parse_command(encode(commands[i]), kControlBytesMax);
        ASSERT_TRUE(parsed) << i << ": " << parsed.error().detail << ' ' << parsed.error().where;
        EXPECT_EQ(parsed->request, commands[i].request);
        ASSERT_EQ(parsed->body.index(), i);
        std::visit(
            [&](const auto& sent) {
                using T = std::decay_t<decltype(sent)>;
                EXPECT_TRUE(same(sent, std::get<T>(parsed->body))) << i;
            },
            commands[i].body);
    }
}

TEST(Command, CarriesAbsentValuesAsNone) {
    const auto query =
        parse_command(encode({1, Query{QueryKind::case_list, {}, {}, {}, 0, 9}}), kControlBytesMax);
    ASSERT_TRUE(query);
    EXPECT_TRUE(std::get<Query>(query->body).case_id.is_none());
    EXPECT_TRUE(std::get<Query>(query->body).officer.empty());
    Delivery delivery = sample_delivery();
    delivery.entries.resize(1);
    delivery.entries[0].proof.clear();
    delivery.entries[0].sections = {sample_section(3)};
    delivery.entries[0].sections[0].body.clear();
    const auto delivered = parse_command(encode({1, delivery}), kDataBytesMax);
    ASSERT_TRUE(delivered);
    const auto& entry = std::get<Delivery>(delivered->body).entries.at(0);
    EXPECT_TRUE(entry.proof.empty());
    EXPECT_FALSE(entry.sections.at(0).plaintext_salt);
    EXPECT_TRUE(entry.sections.at(0).body.empty());
}

TEST(Command, ReadsAFrameThatStartsAtAnyAddress) {
    const Bytes frame = encode({1, sample_delivery()});
    for (std::size_t shift = 0; shift < 16; ++shift) {
        Bytes moved(shift);
        moved.insert(moved.end(), frame.begin(), frame.end());
        EXPECT_TRUE(parse_command(BytesView(moved).subspan(shift), kDataBytesMax)) << shift;
    }
}

TEST(Command, IsTakenAtTheSizeLimitAndRefusedOneByteAbove) {
    const Bytes frame = encode({1, sample_receipt()});
    EXPECT_TRUE(parse_command(frame, frame.size()));
    const auto refused = parse_command(frame, frame.size() - 1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::oversized);
}

TEST(Command, SurvivesTwentyThousandFlipsAndTruncations) {
    SeededRandom random(20'261'123);
    const auto commands = sample_commands();
    std::vector<Bytes> frames;
    for (const Command& command : commands) frames.push_back(encode(command));
    int taken = 0;
    for (int i = 0; i < 20'000; ++i) {
        Bytes frame = frames[random.next() % frames.size()];
        for (std::uint64_t flips = random.next() % 4; flips > 0; --flips) {
            frame[random.next() % frame.size()] ^=
                static_cast<std::uint8_t>(1U << (random.next() % 8));
        }
        if (random.next() % 4 == 0) frame.resize(random.next() % frame.size());
        const auto parsed = parse_command(frame, kDataBytesMax);
        if (!parsed) continue;
        ++taken;
        // What was taken is within our rules, so it can be said again.
        EXPECT_TRUE(parse_command(encode(*parsed), kDataBytesMax));
    }
    EXPECT_GT(taken, 0);
}

TEST(Command, SurvivesRandomBytes) {
    SeededRandom random(7);
    for (int i = 0; i < 5'000; ++i) {
        Bytes frame(random.next() % 600);
        random.fill(frame);
        EXPECT_FALSE(parse_command(frame, kControlBytesMax));
    }
}

TEST(Failure, CarriesAnErrorThereAndBack) {
    const Error error{Code::stale_audience, "chosen under version 3", "section", "read-intake"};
    const auto parsed = parse_command(encode({5, to_failure(error)}), kControlBytesMax);
    ASSERT_TRUE(parsed);
    const Error arrived = to_error(std::get<Failure>(parsed->body));
    EXPECT_EQ(arrived.code, error.code);
    EXPECT_EQ(arrived.detail, error.detail);
    EXPECT_EQ(arrived.where, error.where);
    EXPECT_EQ(arrived.grant_missing, error.grant_missing);
}

TEST(Failure, CarriesEveryCodeOfTheTable) {
    for (const CodeInfo& info : all_codes()) {
        const auto parsed =
            parse_command(encode({5, Failure{info.code, {}, {}, {}}}), kControlBytesMax);
        ASSERT_TRUE(parsed) << info.name;
        EXPECT_EQ(std::get<Failure>(parsed->body).code, info.code);
    }
}

TEST(Failure, CutsALongDetailAtACharacterAndKeepsOneLine) {
    std::string detail(kDetailBytesMax - 1, 'x');
    detail += "\u1ea1";  // three bytes across the limit
    const Failure failure = to_failure({Code::io, detail, "a\nb", {}});
    EXPECT_EQ(failure.detail, std::string(kDetailBytesMax - 1, 'x'));
    EXPECT_EQ(failure.where, "a b");
    const auto parsed =
        parse_command(encode({1, Failure{Code::io, detail, "a\nb", {}}}), kControlBytesMax);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(std::get<Failure>(parsed->body).detail, failure.detail);
}

TEST(CommandText, RefusesControlCharactersAndBrokenUtf8) {
    EXPECT_TRUE(is_one_line("thi\u1ebfu quy\u1ec1n"));
    EXPECT_TRUE(is_one_line(""));
    EXPECT_FALSE(is_one_line("a\x1b[2J"));
    EXPECT_FALSE(is_one_line("a\xc2\x9b"));
    EXPECT_FALSE(is_one_line("a\x7f"));
    EXPECT_FALSE(is_one_line("a\xff"));
    EXPECT_EQ(fit_text("a\xff", 10), "");
    EXPECT_EQ(fit_text("abc", 3), "abc");
    EXPECT_EQ(fit_text("abcd", 3), "abc");
}

}  // namespace
}  // namespace lienthong::wire
