# SPDX-License-Identifier: Apache-2.0
"""The same file twice, the same key with other content, and files that are wrong in every way."""
import json
import unittest

from bus_case import BusCase, figure, line

CSV = "reporter,activity,low,period,note\n"


class Publish(BusCase):
    def csv(self, text, *options):
        return self.publish("labour", text, "--format", "csv", *options)

    def refused(self, answer, code, where):
        self.assertEqual([row["code"] for row in answer.data["refused"]], [code])
        self.assertIn(where, answer.data["refused"][0]["what"])

    def test_the_same_file_again_gives_the_same_ids_and_positions(self):
        text = CSV + "".join(f"labour,leaflet,{i},2021,twice\n" for i in range(20))
        first = self.accepted(self.csv(text))
        size = len(self.own("labour"))
        self.assertEqual(self.accepted(self.csv(text)), first)
        self.assertEqual(len(self.own("labour")), size)

    def test_equal_lines_of_one_file_are_messages_of_their_own(self):
        text = CSV + "labour,leaflet,7,2021,equal\n" * 3
        first = self.accepted(self.csv(text))
        self.assertEqual(len({row["id"] for row in first}), 3)
        self.assertEqual(self.accepted(self.csv(text)), first)

    def test_the_same_key_with_other_content_is_a_conflict_or_a_correction(self):
        first = self.accepted(self.publish("labour", line("corrected", figure(low=5))))
        other = line("corrected", figure(low=6))
        conflict = self.publish("labour", other)
        self.assertEqual(conflict.exit, 5)
        self.refused(conflict, "key_conflict", "")
        second = self.accepted(self.publish("labour", other, "--correct"))
        self.assertNotEqual(first, second)
        shown = self.bus.at("labour", "message", "show", second[0]["id"]).need()
        self.assertEqual(shown["header"]["refers_to"],
                         {"message": first[0]["id"], "relation": "supersedes"})
        rows = {row["message_id"]: row["standing"] for row in self.bus.at(
            "labour", "report", "outreach", "--year", 2021).need()["rows"]}
        self.assertEqual(rows[first[0]["id"]], "superseded")
        self.assertEqual(rows[second[0]["id"]], "counted")

    def test_a_bad_line_is_named_and_the_others_go_out(self):
        answer = self.csv(CSV + "labour,leaflet,1,2021,good\nlabour,leaflet,many,2021,bad\n"
                          "labour,leaflet,2,2021,good\n")
        self.assertEqual(answer.exit, 3)
        self.assertEqual(len(answer.data["accepted"]), 2)
        self.refused(answer, "malformed_input", "cột low")
        self.assertEqual(answer.data["refused"][0]["line"], 3)

    def test_all_or_nothing_sends_nothing_when_a_line_is_bad(self):
        size = len(self.own("labour"))
        answer = self.csv(CSV + "labour,leaflet,1,2021,held\nlabour,leaflet,-1,2021,bad\n",
                          "--all-or-nothing")
        self.assertEqual(answer.exit, 3)
        self.assertEqual(answer.data["accepted"], [])
        self.assertEqual(len(self.own("labour")), size)

    def test_another_agencys_row_is_refused(self):
        answer = self.csv(CSV + "police,leaflet,1,2021,not ours\n")
        self.assertEqual(answer.exit, 4)
        self.refused(answer, "wrong_sender", "reporter")

    def test_text_that_is_no_json_is_malformed(self):
        for text in ("{\n", "[]\n", '{"sections":{"report":{"figures":[]}}', "\x00\n",
                     '{"sections":{"report":{"figurines":[]}}}\n',
                     '{"sections":{"identity":{}}}\n'):
            answer = self.publish("labour", text)
            self.assertIn(answer.exit, (2, 3), text)
            self.assertEqual((answer.data.get("accepted") or []), [], text)

    def test_json_that_is_too_deep_is_refused(self):
        answer = self.publish("labour", '{"sections":' * 200 + "1" + "}" * 200 + "\n")
        self.assertEqual(answer.exit, 3)
        self.refused(answer, "too_deep", "")

    def test_a_line_over_the_limit_is_refused(self):
        answer = self.publish("labour", line("long", figure(note="x" * (4 * 1024 * 1024))))
        self.assertEqual(answer.exit, 3)
        self.refused(answer, "oversized", "")

    def test_bytes_that_are_no_utf8_are_refused(self):
        path = self.place / "latin.csv"
        path.write_bytes(CSV.encode() + b"labour,leaflet,1,2021,caf\xe9\n")
        answer = self.bus.at("labour", "publish", "--kind", "outreach-report", str(path))
        self.assertEqual(answer.exit, 3)

    def test_an_unknown_column_is_named(self):
        answer = self.csv("reporter,activity,colour\nlabour,leaflet,red\n")
        self.assertEqual(answer.exit, 3)
        self.assertIn("column", json.dumps(answer.data))

    def test_a_kind_that_may_not_be_published_is_forbidden(self):
        answer = self.publish("labour", line("forbidden", figure("trafficking-case", 0)),
                              kind="crime-statistic")
        self.assertEqual(answer.exit, 4)
        self.refused(answer, "forbidden", "")
        self.assertTrue(answer.data["refused"][0].get("grant_missing"))

    def test_an_unknown_kind_is_unsupported_and_an_unknown_option_is_usage(self):
        self.assertEqual(self.publish("labour", "\n", kind="rumour").exit, 3)
        self.assertEqual(self.publish("labour", "\n", "--colour", "red").exit, 2)

    def test_a_classified_document_is_refused_by_the_senders_node(self):
        document = {"number": "1", "symbol": "MẬT", "date": "2021-01-01", "signer": "x",
                    "signer_title": "y", "urgency": "normal", "classification": "mat"}
        sections = {"document": document,
                    "identity": {"persons": [{"legal_class": "undergoing_identification"}]},
                    "circumstances": {"entry_channel": "self_report"}}
        answer = self.bus.at("police", "case", "open", "--data", "-",
                             text_in=json.dumps({"sections": sections}))
        self.assertEqual(answer.exit, 4, answer.out)
        self.assertEqual(answer.code, "classified_matter")


if __name__ == "__main__":
    unittest.main()
