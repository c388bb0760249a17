# SPDX-License-Identifier: BSD-3-Clause
"""Keeps what the datasource says of the network: cloud-init itself sets none up, for ports of the fast path
are no devices of the kernel. src/cloud makes the best of it."""

import json
import os

from cloudinit.settings import PER_INSTANCE

meta = {
    "id": "cc_sluice",
    "distros": ["all"],
    "frequency": PER_INSTANCE,
    "activate_by_schema_keys": [],
}

FILE = "/var/lib/sluice/cloud-network.json"


def handle(name, cfg, cloud, args):
    source = cloud.datasource
    metadata = source.metadata if isinstance(source.metadata, dict) else {}
    told = {
        "network_json": getattr(source, "network_json", None),
        "network_config": getattr(source, "_network_config", None),
        "macs": metadata.get("network", {}).get("interfaces", {}).get("macs"),
    }
    plain = {key: value for key, value in told.items() if isinstance(value, dict)}
    with open(FILE + ".new", "w") as file:
        json.dump(plain, file)
    os.rename(FILE + ".new", FILE)
