"""A Ray cluster of two nodes on this machine, for as long as its input is open.

    python -m tests.jobs.ray_cluster TEMPORARY_FOLDER

Says where it is and which processes its nodes are, as one line of JSON. Stopped by its own
processes, never by ``ray stop``, which would end every Ray of the machine.
"""

import json
import os
import sys

SMALL_STORE = 80 * 2**20
os.environ |= {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_enable_worker_prestart": "0",
    "RAY_health_check_initial_delay_ms": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_failure_threshold": "3",
}

from ray.cluster_utils import Cluster  # noqa: E402  (Ray reads the environment when imported)


def main() -> None:
    node = {"num_cpus": 2, "object_store_memory": SMALL_STORE}
    head = node | {"include_dashboard": False, "temp_dir": sys.argv[1]}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    second = cluster.add_node(**node)
    raylet = second.all_processes["raylet"][0].process.pid
    print(json.dumps({"address": cluster.address, "second_raylet": raylet}), flush=True)
    sys.stdin.read()
    cluster.shutdown()


if __name__ == "__main__":
    main()
