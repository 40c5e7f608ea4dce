"""Let EventBridge choose a bucket's uploads and send them to a queue."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from greenlight.aws.errors import aws_errors, code_of
from greenlight.uploads.steps import Step, already, ask
from greenlight.uploads.surroundings import Surroundings
from greenlight.uploads.watching import Watch


class EventBridgeRule:
    """The rule that chooses a watch's uploads, and its target."""

    def __init__(self, watch: Watch, surroundings: Surroundings, queue_arn: str) -> None:
        self._watch = watch
        self._surroundings = surroundings
        self._queue_arn = queue_arn

    @property
    def arn(self) -> str:
        """Return the rule's ARN, whether or not it is there."""
        return self._surroundings.arn("events", f"rule/{self._watch.mark}")

    def steps(self) -> Iterator[Step]:
        """Yield the steps that make it."""
        yield ask(self._rule)
        yield ask(self._target)

    def _rule(self) -> Step:
        name, pattern = self._watch.mark, self._pattern()
        rules = self._surroundings.events.list_rules(NamePrefix=name)["Rules"]
        is_so = any(
            json.loads(rule.get("EventPattern", "{}")) == pattern and rule["State"] == "ENABLED"
            for rule in rules
        )
        request = {"Name": name, "EventPattern": json.dumps(pattern), "State": "ENABLED"}
        step = Step(
            "create",
            f"EventBridge's rule {name}, which chooses what is uploaded to {self._watch.place}",
            lambda: self._surroundings.events.put_rule(**request),
        )
        return already(step, is_so=is_so)

    def _pattern(self) -> dict[str, Any]:
        """Return the rule's pattern; its prefix is compared with the key as it is."""
        detail: dict[str, Any] = {"bucket": {"name": [self._watch.bucket]}}
        if self._watch.prefix:
            detail["object"] = {"key": [{"prefix": self._watch.prefix}]}
        return {"source": ["aws.s3"], "detail-type": ["Object Created"], "detail": detail}

    def _target(self) -> Step:
        name = self._watch.mark
        targets = [{"Id": "greenlight", "Arn": self._queue_arn}]
        step = Step(
            "set",
            f"the queue {self._watch.queue} as the target of the rule {name}",
            lambda: self._surroundings.events.put_targets(Rule=name, Targets=targets),
        )
        return already(step, is_so=self._queue_arn in self._targets(name))

    def _targets(self, rule: str) -> list[str]:
        try:
            targets = self._surroundings.events.list_targets_by_rule(Rule=rule)["Targets"]
        except aws_errors() as error:
            if code_of(error) == "ResourceNotFoundException":
                return []
            raise
        return [target["Arn"] for target in targets]
