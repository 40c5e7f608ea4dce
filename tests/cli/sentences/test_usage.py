"""Help, and what is told of wrong usage."""

from __future__ import annotations

import pytest

from tests.cli.sentences.shell import Says

COMMANDS = (
    "demo",
    "check",
    "film",
    "sweep",
    "jobs",
    "collect",
    "reconcile",
    "costs",
    "report",
    "studio",
    "listen",
    "serve",
    "doctor",
    "setup",
    "setup bucket",
    "setup automations",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_help(says: Says, command: str) -> None:
    says(f"greenlight {command} --help")


def test_no_command(says: Says) -> None:
    says("greenlight", "greenlight --help", "greenlight --version", "greenlight setup")


def test_no_such_command(says: Says) -> None:
    says("greenlight chek", "greenlight brew", "greenlight setup buckets", "greenlight --loud")


def test_wrong_usage_of_what_is_asked_of_portraits(says: Says) -> None:
    says(
        "greenlight check",
        "greenlight check anna.png",
        "greenlight check anna.png --model veo",
        "greenlight check anna.png --model emo --ratio 2:1",
        "greenlight check anna.png --model emo --deployment mine",
        "greenlight check anna.png --model emo --deployment 'emo-v1=mi\tne'",
        "greenlight check anna.png --model emo --loud",
        "greenlight film",
        "greenlight film anna.png",
        "greenlight film anna.png two.jpg --model emo",
        "greenlight film anna.png --model emo --take 0",
        "greenlight film anna.png --model emo --take one",
        "greenlight film anna.png --model emo --max-cny -1",
        "greenlight film anna.png --model emo --wait -1",
        "greenlight sweep",
    )


def test_wrong_usage_of_what_is_asked_of_the_books(says: Says) -> None:
    says(
        "greenlight jobs --state lost",
        "greenlight jobs --state",
        "greenlight jobs --limit 0",
        "greenlight collect --wait long",
        "greenlight reconcile --adopt abcd",
        "greenlight reconcile --adopt abcd task --release abcd",
        "greenlight costs --since yesterday",
        "greenlight report --since 31.1.2026",
    )


def test_wrong_usage_of_what_goes_on(says: Says) -> None:
    says(
        "greenlight studio --port 700000",
        "greenlight studio --rate 0",
        "greenlight studio --job-seconds -1",
        "greenlight listen",
        "greenlight listen --queue uploads",
        "greenlight listen --queue https://sqs --via post",
        "greenlight serve --limit 0",
        "greenlight serve --prefect-file nowhere.yaml",
        "greenlight serve --prefect-file .",
        "greenlight doctor --queue uploads",
        "greenlight doctor --bucket s3:///uploads/",
        "greenlight doctor --out s3://",
        "greenlight doctor --timeout 0",
        "greenlight setup bucket",
        "greenlight setup bucket my-portraits --prefix uploads/",
        "greenlight demo --out",
    )
