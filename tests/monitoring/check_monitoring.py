# Copyright (c) 2026 The carpool authors
# SPDX-License-Identifier: BSL-1.0
"""Does what examples/embed_server/monitoring asks of Prometheus have an answer?

check_monitoring.py EMBED_SERVER MONITORING PROMETHEUS [REDIS GATEWAY WORKER]: lets a real Prometheus watch a real server
under some load, and a gateway of a cluster if there is a redis-server, and puts every question of the dashboard to it. Each
must be answered, with numbers, but for those about GPUs and clusters where there is none. PROMETHEUS is the folder of
prometheus and promtool; exits with 77, for ctest's "skipped", where they are not there.
"""

import contextlib
import json
import math
import pathlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

RATES_OVER = "10s"
SCRAPES = 6  # before the questions are put, one a second


def get(address):
    with urllib.request.urlopen(address, timeout=10) as answer:
        return answer.read()


def embed(address, body):
    """The status of the answer."""
    request = urllib.request.Request(f"{address}/embed", json.dumps(body).encode(), {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status
    except urllib.error.HTTPError as refusal:
        return refusal.code


def free_port():
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return any_port.getsockname()[1]


@contextlib.contextmanager
def running(command, **options):
    process = subprocess.Popen(command, text=True, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=60)


def address_of(server):
    for line in server.stdout:
        if found := re.match(r"listening on (http://\S+)", line):
            return found[1]
    raise SystemExit("the server ended before it listened")


@contextlib.contextmanager
def running_cluster(folder, redis, gateway, worker):
    """A gateway with a worker; gives its address."""
    socket_file = f"{folder}/redis"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with running([redis, "--port", "0", "--unixsocket", socket_file, "--dir", folder, "--save", ""], **quiet):
        with running([worker, "--redis", f"unix:{socket_file}"], **quiet):
            command = [gateway, "--redis", f"unix:{socket_file}", "--port", "0"]
            with running(command, stdout=subprocess.PIPE) as process:
                yield address_of(process)


def wait_until(ready, what):
    for _ in range(300):
        with contextlib.suppress(OSError):
            if ready():
                return
        time.sleep(0.1)
    raise SystemExit(f"waited for 30 s until {what}")


def questions(dashboard):
    """(panel, expression) of every target, with the variables as Grafana would fill them in."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            expression = target["expr"].replace("$__rate_interval", RATES_OVER).replace("$instance", ".*")
            assert "$" not in expression, f"{panel['title']}: unknown variable in {expression}"
            yield panel["title"], expression


def ask(prometheus, expression):
    answer = json.loads(get(f"{prometheus}/api/v1/query?" + urllib.parse.urlencode({"query": expression})))
    return [float(series["value"][1]) for series in answer["data"]["result"]]


def check_layout(dashboard):
    """What Grafana needs to read it: identities are unique, nothing lies on anything else."""
    assert dashboard["id"] is None and dashboard["uid"] and dashboard["schemaVersion"] >= 36
    for variable in dashboard["templating"]["list"]:
        assert "allValue" not in variable, "All must mean those listed: every process has process_cpu_seconds_total"
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = set()
    for panel in panels:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        cells = {(at["x"] + dx, at["y"] + dy) for dx in range(at["w"]) for dy in range(at["h"])}
        assert not cells & taken, f"{panel['title']} lies on another panel"
        taken |= cells


def main(program, monitoring, tools, *cluster):
    monitoring, tools = pathlib.Path(monitoring), pathlib.Path(tools)
    if not (tools / "prometheus").exists():
        print("skipped: there is no prometheus; cmake/install-dependencies.sh tests fetches it")
        sys.exit(77)
    promtool = tools / "promtool"
    subprocess.run([promtool, "test", "rules", pathlib.Path(__file__).with_name("alerts_test.yml")], check=True)
    dashboard = json.loads((monitoring / "grafana_dashboard.json").read_text())
    check_layout(dashboard)

    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        address = address_of(stack.enter_context(running([program, "--port", "0"], stdout=subprocess.PIPE)))
        watched = [address]
        if cluster:
            watched.append(stack.enter_context(running_cluster(folder, *cluster)))
        # The configuration that people start from, for this server and at our pace.
        shutil.copy(monitoring / "alerts.yml", folder)
        config = (monitoring / "prometheus.yml").read_text()
        assert config.count("127.0.0.1:8080") == 1 and config.count("5s") == 2
        targets = '", "'.join(each.removeprefix("http://") for each in watched)
        config = config.replace("127.0.0.1:8080", targets).replace("5s", "1s")
        (pathlib.Path(folder) / "prometheus.yml").write_text(config)
        port = free_port()
        watcher = [tools / "prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
                   f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
        with running(watcher):
            prometheus = f"http://127.0.0.1:{port}"
            wait_until(lambda: get(f"{prometheus}/-/ready"), "Prometheus is ready")
            wait_until(lambda: ask(prometheus, 'sum(up{job="embed_server"})') == [len(watched)], "it has seen the servers")
            while ask(prometheus, "count_over_time(carpool_load[1m])") < [SCRAPES]:
                for each in watched:
                    assert embed(each, {"inputs": ["one text", "and another one"]}) == 200
                assert embed(address, {"inputs": ""}) == 400

            asked = list(questions(dashboard))
            silent = []
            for panel, expression in asked:
                values = ask(prometheus, expression)
                if not values or all(math.isnan(value) for value in values):
                    silent.append((panel, expression))
            has_gpu = b"carpool_gpu_" in get(f"{address}/metrics")
            silent = [each for each in silent if has_gpu or "carpool_gpu_" not in each[1]]
            silent = [each for each in silent if cluster or "carpool_cluster_" not in each[1]]
            assert not silent, f"Prometheus has no numbers for {silent}"
            assert ask(prometheus, "ALERTS") == [], "something fires while all is well"
            for each in watched:
                subprocess.run([promtool, "check", "metrics"], input=get(f"{each}/metrics"), check=True)
    print(f"Prometheus answered {len(asked)} questions of the dashboard")


if __name__ == "__main__":
    main(*sys.argv[1:])
