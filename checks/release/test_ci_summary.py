"""The last lines of a CI run: nothing that failed, or never ended, can look like success."""

import ci_summary
import pytest

REPORT = '<testsuites><testsuite tests="{tests}" failures="{failures}" errors="0" skipped="0"/></testsuites>'


@pytest.fixture
def run(tmp_path, capsys):
    def run(verdicts, tests=5, failures=0):
        (tmp_path / "core.xml").write_text(REPORT.format(tests=tests, failures=failures))
        for name, text in verdicts.items():
            (tmp_path / f"{name}.verdict").write_text(text + "\n")
        code = ci_summary.main(str(tmp_path), str(tmp_path), "125", "tests", "lint")
        return code, capsys.readouterr().out.splitlines()[-1]

    return run


def test_all_passed(run):
    assert run({"tests": "PASS", "lint": "PASS"}) == (0, "5 passed, 0 failed")


def test_an_environment_failed(run):
    assert run({"tests": "PASS", "lint": "FAIL"}) == (1, "5 passed, 1 failed")


def test_an_environment_never_ended(run):
    assert run({"tests": "PASS"}) == (1, "5 passed, 1 failed")


def test_a_test_failed(run):
    assert run({"tests": "FAIL", "lint": "PASS"}, failures=2) == (1, "3 passed, 2 failed")


def test_no_test_ran(run):
    code, _ = run({"tests": "PASS", "lint": "PASS"}, tests=0)
    assert code == 1
