// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "adapters/cli/config.hpp"
#include "adapters/cli/invocation.hpp"
#include "adapters/cli/key_request.hpp"
#include "bus/base/check.hpp"
#include "bus/base/file.hpp"
#include "tests/fuzz/fixed_keys.hpp"
#include "tests/fuzz/seeds.hpp"
#include "tests/unit/bus/message/payload_from_json.hpp"

namespace lienthong::fuzz {
namespace {

Bytes bytes_of(std::string_view text) { return to_bytes(as_bytes(text)); }

std::size_t place_of(message::Kind kind) {
    const auto kinds = message::all_kinds();
    return static_cast<std::size_t>(std::ranges::find(kinds, kind, &message::KindInfo::kind) -
                                    kinds.begin());
}

// A sample as one line of JSON.
std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

void add_lines(Seeds& seeds) {
    const auto file =
        read_file(LT_SOURCE_DIR "/examples/ninh-binh/data/ninh-binh-2021.csv", 1024 * 1024);
    CHECK(file.has_value());
    std::size_t end = 0;
    for (int row = 0; row < 4; ++row) end = as_text(*file).find('\n', end) + 1;
    const std::string_view rows = as_text(*file).substr(0, end);
    seeds["lines"].push_back(
        chosen(0x80 + place_of(message::Kind::outreach_report), as_bytes(rows)));
    seeds["csv"] = {bytes_of(rows),
                    bytes_of("\xEF\xBB\xBF"
                             "a,b\r\n\"quoted, \"\"twice\"\"\",\"two\nlines\"\r\n"),
                    bytes_of("a\n\"never closed,1\nb,c\n")};
    const std::string report = one_line(message::sample("lienthong.fb.OutreachReport"));
    seeds["lines"].push_back(
        chosen(place_of(message::Kind::outreach_report),
               as_bytes("{\"key\":\"k1\",\"unit\":\"kim-son\",\"sections\":{\"report\":" + report +
                        "}}\n")));
    const std::string tip = one_line(message::sample("lienthong.fb.Tip"));
    seeds["lines"].push_back(chosen(
        place_of(message::Kind::hotline_tip),
        as_bytes("{\"refers_to\":\"0000000000000001-2\",\"sections\":{\"tip\":" + tip + "}}\n")));
}

void add_settings(Seeds& seeds) {
    cli::BrokerConfig broker;
    broker.bus = kBus;
    broker.control_endpoint = "tcp://127.0.0.1:5701";
    broker.data_endpoint = "tcp://127.0.0.1:5702";
    broker.administrators.bytes.fill(0x11);
    broker.metrics_port = 0;
    cli::NodeConfig node;
    node.bus = kBus;
    node.agency = kAgency;
    node.node = NodeId::of("n-police");
    node.control_endpoint = broker.control_endpoint;
    node.data_endpoint = broker.data_endpoint;
    node.broker_key = Bytes(32, 0x22);
    node.administrators = broker.administrators;
    seeds["config"] = {bytes_of(cli::to_toml(broker)), bytes_of(cli::to_toml(node))};

    cli::KeyRequest request{kBus,
                            kAgency,
                            NodeId::of("n-police"),
                            keys::Use::witness,
                            witness_key().public_key().spki(),
                            {},
                            {}};
    request.proof = witness_key().signer()->sign(cli::signed_bytes(request)).value();
    seeds["key_request"] = {bytes_of(cli::to_text(request))};

    cli::Invocation invocation;
    invocation.command = "publish";
    invocation.args = {{"kind", "outreach-report"}, {"correct", true}, {"party", {"a", "b"}}};
    invocation.inputs = {{"file", bytes_of("{}\n")}};
    cli::Answer answer;
    answer.body = {{"ok", true}, {"count", 3}};
    answer.outputs = {{"out", Bytes(3, 1)}};
    seeds["invocation"] = {chosen(0, cli::encode_invocation(invocation)),
                           chosen(1, cli::encode_answer(answer))};
}

void add_small(Seeds& seeds) {
    for (const std::string_view text : {"17.121",
                                        "17 121",
                                        "2021-12-14",
                                        "2021-H1",
                                        "2021-Q1",
                                        "2021-03",
                                        "admin-2021",
                                        "2021-01-01/2021-12-31",
                                        "07:30-11:30",
                                        "AQID",
                                        "0a0B",
                                        "0000000000000001-2",
                                        "0123456789abcdef0123456789abcdef",
                                        "B\u0103ng Z\u00f4n",
                                        "Ba\u0306ng Zo\u0302n"}) {
        seeds["text"].push_back(bytes_of(text));
    }
    for (const std::string_view text :
         {"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
          "GET /health HTTP/1.0\r\n\r\n",
          "GET /zqzqzqzq?a=%3Cb%3E HTTP/1.1\r\nHost: zqzqzqzq\r\nAuthorization: Basic eg==\r\n\r\n",
          "POST /metrics HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
          "PUT /../health HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\nabcd",
          "GET /metrics HTTP/1.1\r\nAccept-Encoding: gzip\r\nRange: bytes=0-1\r\n\r\n"}) {
        seeds["metrics"].push_back(bytes_of(text));
    }
    // Choices: all as a good request has it, then some parts otherwise.
    seeds["zap"] = {Bytes(16, 1),
                    bytes_of(std::string_view("\1\1\0\4ab\1\1\1\1\1", 11)),
                    Bytes(40, 0),
                    Bytes{0, 3, 1, 1, 1}};
}

}  // namespace

void add_text_seeds(Seeds& seeds) {
    add_lines(seeds);
    add_settings(seeds);
    add_small(seeds);
}

}  // namespace lienthong::fuzz
