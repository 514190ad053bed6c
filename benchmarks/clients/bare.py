"""Bare aiohttp that posts the same compressed bytes again and again: what sending them costs.

Nothing is checked, written down, encoded or compressed anew, and the answer is read and not looked at.
"""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING

import aiohttp
from row import SHOTS, Row, omegas, task

if TYPE_CHECKING:
    from types import SimpleNamespace


async def run(wanted: SimpleNamespace) -> Row:
    row, env = Row(wanted), wanted.env
    form = {
        "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
        "username": env["QUANTUM_ASYNC_PASQAL_USERNAME"],
        "password": env["QUANTUM_ASYNC_PASQAL_PASSWORD"],
    }
    body = {
        "sequence_builder": wanted.text,
        "jobs": [{"runs": SHOTS, "variables": {"omega": 1.0}}],
        "open": False,
        "device_type": "EMU_FREE",
        "project_id": env["QUANTUM_ASYNC_PASQAL_PROJECT_ID"],
    }
    content = gzip.compress(json.dumps(body).encode(), compresslevel=1)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    url = f"{env['QUANTUM_ASYNC_PASQAL_CORE_URL']}/api/v1/batches"
    async with aiohttp.ClientSession() as http:
        async with http.post(env["QUANTUM_ASYNC_PASQAL_TOKEN_URL"], data=form) as answer:
            headers["Authorization"] = f"Bearer {(await answer.json())['access_token']}"

        async def submit() -> None:
            async with http.post(url, data=content, headers=headers) as answer:
                assert answer.status == 200, answer.status
                await answer.read()

        await submit()
        row.begin()
        for _ in omegas(wanted.jobs):
            await submit()
            row.lap()
        row.end_wall()
        row.end_cpu()
    return row


if __name__ == "__main__":
    asyncio.run(run(task())).report("aiohttp")
