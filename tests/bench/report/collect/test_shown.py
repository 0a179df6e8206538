"""Records of strangers in characters that show."""

import msgspec
from report_fakes import FakeStore, record, score, spec

from bench.report.collect.groups import collect
from bench.report.collect.shown import shown


def test_names_of_a_record_are_written_out():
    plain = record(spec())
    assert shown(plain) is plain
    odd = msgspec.structs.replace(plain, factors=["a\x1b[31m", "b"], error="in x\nEnd\x07")
    assert shown(odd).factors == [r"a\x1b[31m", "b"]
    assert shown(odd).error == "in x\nEnd\\x07"
    assert shown(odd).spec == odd.spec


def test_a_report_is_of_what_shows():
    odd = msgspec.structs.replace(record(spec()), factors=["a\x1b[31m"])
    (run,) = collect({"mine": FakeStore([(odd, [score([0.1])])])})
    assert run.record.factors == [r"a\x1b[31m"]
