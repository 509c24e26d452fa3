"""OpenStack Swift with its S3 door, all in one process below one folder: `python3 swift-server.py <folder>`.

It runs Swift's own proxy, account, container and object servers, with SigV4 checked by s3api and tempauth; only the
daemons that keep replicas are left out. Prints one JSON line with the port once it listens; removes its data and ends
when stdin ends, so that it never outlives the test that started it. Needs the Debian package python3-swift, no root and
no memcached.
"""
import eventlet

eventlet.monkey_patch()

import json
import logging
import os
import shutil
import sys
import time
from eventlet import wsgi
from eventlet.patcher import original

POLICIES = """
[swift-hash]
swift_hash_path_suffix = marina
[storage-policy:0]
name = gold
default = yes
"""

STORAGE = """
[DEFAULT]
devices = {root}/devices
mount_check = false
workers = 0
log_level = WARNING
[pipeline:main]
pipeline = server
[app:server]
use = egg:swift#{kind}
"""

PROXY = """
[DEFAULT]
workers = 0
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper memory listing_formats bulk s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:memory]
paste.filter_factory = swift_memory:filter_factory
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
max_upload_part_num = 10000
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = {secret} .admin
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
max_manifest_segments = 10000
[filter:dlo]
use = egg:swift#dlo
"""


class Memory:
    """Takes the place of memcached: for one process a dict is enough."""

    def __init__(self):
        self.held = {}

    def get(self, key, raise_on_error=False):
        value, until = self.held.get(key, (None, 0))
        return value if not until or until > time.time() else None

    def set(self, key, value, serialize=True, time=0, min_compress_len=0, raise_on_error=False):
        self.held[key] = (value, globals()['time'].time() + time if time else 0)

    def incr(self, key, delta=1, time=0):
        value = int(self.get(key) or 0) + int(delta)
        self.set(key, value, time=time)
        return value

    def decr(self, key, delta=1, time=0):
        return self.incr(key, -int(delta), time)

    def delete(self, key, server_key=None):
        self.held.pop(key, None)


def filter_factory(global_conf, **local_conf):
    memory = Memory()

    def wrap(app):
        def call(env, start_response):
            env['swift.cache'] = memory
            return app(env, start_response)
        return call
    return wrap


def without_body_for_head(app):
    """s3api sends no length when it answers a HEAD with an error, and eventlet then sends the end of a chunked body:
    stray bytes that break the connection for the next request."""
    def call(env, start_response):
        def start(status, headers, exc_info=None):
            if env['REQUEST_METHOD'] == 'HEAD' and not any(name.lower() == 'content-length' for name, _ in headers):
                headers = headers + [('Content-Length', '0')]
            return start_response(status, headers, exc_info)
        return app(env, start)
    return call


def write(path, text):
    with open(path, 'w') as file:
        file.write(text)
    return path


def build_ring(root, kind, port):
    from swift.common.ring import RingBuilder
    builder = RingBuilder(part_power=2, replicas=1, min_part_hours=0)
    builder.add_dev({'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'disk', 'weight': 1.0,
                     'replication_ip': '127.0.0.1', 'replication_port': port})
    builder.rebalance()
    builder.get_ring().save(os.path.join(root, kind + '.ring.gz'))


def serve(sock, app):
    from swift.common.http_protocol import SwiftHttpProtocol
    wsgi.server(sock, app, log_output=False, protocol=SwiftHttpProtocol, custom_pool=eventlet.GreenPool(256),
                keepalive=60, debug=False)


def main(root):
    os.makedirs(os.path.join(root, 'devices', 'disk'), exist_ok=True)
    write(os.path.join(root, 'swift.conf'), POLICIES)
    from swift.common import utils
    utils.set_swift_dir(root)
    utils.ThreadSafeSysLogHandler = lambda **_: logging.StreamHandler(sys.stderr)
    from swift.common.wsgi import loadapp

    sys.modules['swift_memory'] = sys.modules['__main__']
    kinds = ['account', 'container', 'object']
    socks = {kind: eventlet.listen(('127.0.0.1', 0), backlog=512) for kind in kinds + ['proxy']}
    for kind in kinds:
        build_ring(root, kind, socks[kind].getsockname()[1])
    for kind in kinds:
        conf = write(os.path.join(root, kind + '.conf'), STORAGE.format(root=root, kind=kind))
        eventlet.spawn(serve, socks[kind], loadapp(conf, global_conf={'swift_dir': root, 'log_name': kind}))
    conf = write(os.path.join(root, 'proxy.conf'), PROXY.format(secret=os.environ['SWIFT_TEST_SECRET']))
    proxy = loadapp(conf, global_conf={'swift_dir': root, 'log_name': 'proxy'})
    eventlet.spawn(serve, socks['proxy'], without_body_for_head(proxy))
    print(json.dumps({'port': socks['proxy'].getsockname()[1]}), flush=True)

    def leave_with_stdin():
        original('os').read(0, 1)
        shutil.rmtree(root, ignore_errors=True)
        os._exit(0)
    original('threading').Thread(target=leave_with_stdin, daemon=True).start()
    while True:
        eventlet.sleep(3600)


main(sys.argv[1])
