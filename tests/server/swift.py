#!/usr/bin/python3 -I
"""OpenStack Swift as an S3 server for tests: proxy, account, container and object server in this one process, no keystone, no memcached.

    swift.py FOLDER PORT USER SECRET REGION

Serves S3 at 127.0.0.1:PORT until it is killed; keeps everything in FOLDER, whose file `ready` appears once the server answers. USER is
"account:name" and also the access key. Needs Debian's python3-swift, and a file system with extended attributes below FOLDER.
"""

import os
import sys

FOLDER, PORT, USER, SECRET, REGION = sys.argv[1:]
CONFIGURATION = {
    "swift_dir": FOLDER, "devices": FOLDER + "/devices", "mount_check": "false", "disable_fallocate": "true",
    "log_level": "CRITICAL", "log_address": FOLDER + "/no-syslog",
}
# Swift reads this file when it is imported.
os.makedirs(FOLDER + "/devices/disk", exist_ok=True)
with open(FOLDER + "/swift.conf", "w", encoding="ascii") as out:
    out.write("[swift-hash]\nswift_hash_path_prefix = lake\nswift_hash_path_suffix = lake\n"
              "[storage-policy:0]\nname = single\ndefault = yes\n")

import array  # noqa: E402
import importlib  # noqa: E402
import json  # noqa: E402
import socket  # noqa: E402
import warnings  # noqa: E402
from time import monotonic  # noqa: E402

import eventlet  # noqa: E402
from eventlet import wsgi  # noqa: E402
from swift.common import utils  # noqa: E402

utils.eventlet_monkey_patch()
utils.set_swift_dir(FOLDER)
# What a test wrote may be lost with the power; waiting for the disk would be most of the time.
os.fsync = os.fdatasync = utils.fsync = utils.fdatasync = lambda descriptor: None
utils.fsync_dir = lambda folder: None

from swift.common.http_protocol import SwiftHttpProtocol  # noqa: E402
from swift.common.ring import RingData  # noqa: E402
from swift.common.storage_policy import reload_storage_policies  # noqa: E402

reload_storage_policies()

# From the outside in: what a request meets before the proxy. S3 stands before the one who knows the users' secrets.
FILTERS = [
    ("catch_errors", {}),
    ("gatekeeper", {}),
    ("listing_formats", {}),
    ("bulk", {}),
    ("s3api.s3api", {"location": REGION, "storage_domain": "localhost"}),
    ("tempauth", {"user_" + USER.replace(":", "_"): SECRET + " .admin"}),
    ("copy", {}),
    ("slo", {}),
    ("dlo", {}),
    ("versioned_writes", {}),
]


class Cache:
    """What Swift otherwise asks memcached for: values as JSON, each until its time."""

    def __init__(self, inner):
        self.inner, self.kept = inner, {}

    def __call__(self, environ, start_response):
        environ["swift.cache"] = self
        return self.inner(environ, start_response)

    def get(self, key, **_):
        text, until = self.kept.get(key, ("null", 0))
        return json.loads(text) if until > monotonic() else None

    def set(self, key, value, time=0, **_):
        self.kept[key] = json.dumps(value), monotonic() + (time or 3600)

    def delete(self, key, **_):
        self.kept.pop(key, None)


def listening(port):
    out = eventlet.listen(("127.0.0.1", port), backlog=1024, reuse_port=False)
    out.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return out


def write_ring(name, port):
    """All partitions of this kind of server on the one disk behind the port."""
    device = {"id": 0, "region": 1, "zone": 1, "ip": "127.0.0.1", "port": port, "replication_ip": "127.0.0.1", "replication_port": port,
              "device": "disk", "weight": 1.0, "meta": ""}
    RingData([array.array("H", [0] * 16)], [device], 28).save(f"{FOLDER}/{name}.ring.gz")


def backend(module):
    return importlib.import_module(f"swift.{module}.server").app_factory(dict(CONFIGURATION))


def proxy():
    out = importlib.import_module("swift.proxy.server").Application(
        {**CONFIGURATION, "allow_account_management": "true", "account_autocreate": "true"})
    for name, options in reversed(FILTERS):
        out = importlib.import_module("swift.common.middleware." + name).filter_factory(dict(CONFIGURATION), **options)(out)
    return Cache(out)


def serve(where, application):
    warnings.simplefilter("ignore", DeprecationWarning)  # of the last line: as Swift's own server has it, since S3 clients want ETag so spelt
    wsgi.server(where, application, utils.NullLogger(), protocol=SwiftHttpProtocol, max_size=1024, log_output=False,
                capitalize_response_headers=False)


def main():
    front = listening(int(PORT))  # first: if somebody else has the port, nothing else was begun
    servers = eventlet.GreenPool()
    for name, module in (("account", "account"), ("container", "container"), ("object", "obj")):
        where = listening(0)
        write_ring(name, where.getsockname()[1])
        servers.spawn(serve, where, backend(module))
    servers.spawn(serve, front, proxy())
    with open(FOLDER + "/ready", "w", encoding="ascii"):
        pass
    servers.waitall()


main()
