"""Run moto's S3, SQS and IAM as a process, apart from those of other tests."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import httpx

from tests.deployments.servers import free_port
from tests.docs.documents import ROOT

SECONDS = 60
POLICY = re.compile(r"^\{\n  \"Version\": .*?^\}$", re.MULTILINE | re.DOTALL)
"""A policy in a document."""
ALL = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}],
}
ALSO_AT_MOTO = {
    "s3:ListBucket": "s3:HeadBucket",
    # A store that is not AWS's is probed, and the probes are deleted.
    "s3:PutObject": "s3:DeleteObject",
    "sqs:DeleteMessage": "sqs:DeleteMessageBatch",
    "sqs:ChangeMessageVisibility": "sqs:ChangeMessageVisibilityBatch",
}


@contextmanager
def moto() -> Iterator[str]:
    """Yield the address of a server."""
    port = free_port()
    command = [sys.executable, "-m", "tests.docs.store", "-H", "127.0.0.1", "-p", str(port)]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=ROOT, **quiet) as process:
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url)
            yield url
        finally:
            process.kill()


def log_in(url: str) -> dict[str, str]:
    """Empty the server, hold everybody to their rights from now on, and log in as an administrator.

    The variables are those of a login: they end some time, and a token belongs to the key.
    """
    httpx.post(f"{url}/moto-api/reset").raise_for_status()
    hold_all_to_rights(url, after="inf")
    iam, sts = (_client(url, service) for service in ("iam", "sts"))
    role = iam.create_role(RoleName="administrator", AssumeRolePolicyDocument=json.dumps(ALL))
    iam.put_role_policy(RoleName="administrator", PolicyName="all", PolicyDocument=json.dumps(ALL))
    found = sts.assume_role(RoleArn=role["Role"]["Arn"], RoleSessionName="anna")["Credentials"]
    hold_all_to_rights(url)
    return {
        "AWS_ACCESS_KEY_ID": found["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": found["SecretAccessKey"],
        "AWS_SESSION_TOKEN": found["SessionToken"],
    }


def hold_all_to_rights(url: str, *, after: str = "0") -> None:
    """Let the server ask who somebody is and what they may, after so many requests."""
    httpx.post(f"{url}/moto-api/reset-auth", content=after).raise_for_status()


def as_moto_reads(policy: str) -> str:
    """Return a policy with the names that moto has for rights, and for queues without their names.

    At AWS one right is for both requests, and moto does not know which queue is asked for.
    """
    whole = json.loads(policy)
    for statement in whole["Statement"]:
        told = statement["Action"]
        actions = [told] if isinstance(told, str) else told
        statement["Action"] = [
            *actions,
            *(ALSO_AT_MOTO[one] for one in actions if one in ALSO_AT_MOTO),
        ]
        if actions[0].startswith("sqs:"):
            statement["Resource"] = "*"
    return json.dumps(whole)


def _client(url: str, service: str) -> Any:
    keys = {"aws_access_key_id": "root", "aws_secret_access_key": "root"}
    return boto3.client(service, endpoint_url=url, region_name="eu-central-1", **keys)


def _wait_for(url: str) -> None:
    ends_at = time.monotonic() + SECONDS
    while True:
        try:
            httpx.get(f"{url}/moto-api/").raise_for_status()
        except httpx.TransportError:
            assert time.monotonic() < ends_at, "moto does not answer"
            time.sleep(0.05)
        else:
            return
