"""Holds src/http/openapi.json against a running discd: the document is sound, each route of
src/http/route.c is in it and each of its own exists, each documented reply can be had and is as
its schema says, and no other reply comes.

  openapi.py SOURCE URL OUTSIDE-URL TOKEN READONLY-COMMAND

URL is discd on loopback, OUTSIDE-URL the same one through an address that is not, or "-" where
there is none. READONLY-COMMAND makes its disk fail.
"""

import http.client
import json
import re
import subprocess
import sys
import urllib.parse

from jsonschema import Draft202012Validator, RefResolver

SOURCE, URL, OUTSIDE, TOKEN, READONLY = sys.argv[1:]
METHODS = ("get", "put", "post", "patch", "delete")
AUTH = {"Authorization": "Bearer " + TOKEN}
PROXY = {"X-Forwarded-For": "10.0.0.9"}
WEB = "/v1/services/web/instances"
CLIENT = re.compile("/(api|discovery)/(register|renew|cancel|set)$")  # registration.sources decides
faults = []
seen = set()  # (path, method, status)


def fault(*words):
    faults.append(" ".join(str(w) for w in words))


# ---- talking ---------------------------------------------------------------------------------


def send(method, target, body=None, headers=None, base=None):
    """-> (status, {field in lower case: value}, bytes)"""
    where = urllib.parse.urlsplit(base or URL)
    connection = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    headers = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    if method in ("POST", "PUT", "PATCH"):
        headers.setdefault("Content-Type", "application/json")
        body = body or ""
    connection.request(method, target, body=body, headers=headers)
    reply = connection.getresponse()
    result = reply.status, {k.lower(): v for k, v in reply.getheaders()}, reply.read()
    connection.close()
    return result


# ---- the document ----------------------------------------------------------------------------


class Document:
    def __init__(self, text):
        self.json = json.loads(text)
        self.resolver = RefResolver("", self.json)

    def follow(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operation(self, path, method):
        return self.json["paths"][path][method]

    def response(self, path, method, status):
        responses = self.operation(path, method)["responses"]
        found = responses.get(str(status))
        return self.follow(found) if found else None

    def wrong_with(self, value, schema):
        validator = Draft202012Validator(schema, resolver=self.resolver)
        return [f"{'/'.join(map(str, e.path))}: {e.message[:300]}" for e in validator.iter_errors(value)]


def walk(node, at=""):
    yield at, node
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from walk(value, f"{at}/{key}")


def check_document(doc):
    """What OpenAPI 3.1 asks of a document, as far as ours uses it."""
    root = doc.json
    if not re.fullmatch(r"3\.1\.\d+", root["openapi"]):
        fault("openapi is", root["openapi"])
    for name in ("title", "version"):
        if not root["info"].get(name):
            fault("info has no", name)
    used = set()
    for at, node in walk(root):
        if isinstance(node, dict) and isinstance(node.get("$ref"), str):
            used.add(node["$ref"])
            try:
                doc.resolver.resolve(node["$ref"])
            except Exception as problem:
                fault(at, problem)
    for kind in ("schemas", "parameters", "responses"):
        for name, node in root["components"][kind].items():
            if f"#/components/{kind}/{name}" not in used:
                fault(f"components/{kind}/{name} is not used")
            if kind == "schemas":
                Draft202012Validator.check_schema(node)
    ids = [doc.operation(p, m)["operationId"] for p, m in operations(doc)]
    for twice in {i for i in ids if ids.count(i) > 1}:
        fault("operationId", twice, "stands there twice")
    tags = {t["name"] for t in root["tags"]}
    for path, method in operations(doc):
        check_operation(doc, path, method, tags)


def check_operation(doc, path, method, tags):
    operation = doc.operation(path, method)
    parameters = [doc.follow(p) for p in operation.get("parameters", [])]
    in_path = {p["name"] for p in parameters if p["in"] == "path" and p.get("required")}
    if in_path != set(re.findall(r"{(\w+)}", path)):
        fault(method, path, "has the path parameters", in_path)
    names = [(p["in"], p["name"]) for p in parameters]
    if len(set(names)) != len(names):
        fault(method, path, "has a parameter twice")
    for parameter in parameters:
        Draft202012Validator.check_schema(parameter["schema"])
    if not operation.get("summary") or not set(operation["tags"]) <= tags:
        fault(method, path, "needs a summary and known tags")
    for status, response in operation["responses"].items():
        response = doc.follow(response)
        if not response.get("description"):
            fault(method, path, status, "has no description")
        for media in response.get("content", {}).values():
            Draft202012Validator.check_schema(media["schema"])


def operations(doc):
    return [(p, m) for p, item in doc.json["paths"].items() for m in item if m in METHODS]


def check_routes(doc):
    """The table of routes and the document name the same; the document itself is a file."""
    with open(f"{SOURCE}/src/http/route.c") as source:
        text = source.read()
    rows = re.findall(r'{EVHTTP_REQ_(\w+),\s*"([^"]+)"', text)
    check_queries(doc, text, len(rows))
    if len(rows) < 20:
        fault("route.c cannot be read any more: only", len(rows), "rows")
    routes = {(pattern, method.lower()) for method, pattern in rows}
    described = {(re.sub(r"{\w+}", "*", path), method) for path, method in operations(doc)}
    described.discard(("/v1/openapi.json", "get"))
    for pattern, method in sorted(routes - described):
        fault("not in the document:", method, pattern)
    for pattern, method in sorted(described - routes):
        fault("no such route:", method, pattern)


def check_queries(doc, text, count):
    """A route that knows its query parameters knows those of the document, and no others."""
    rows = re.findall(r'{EVHTTP_REQ_(\w+),\s*"([^"]+)",\s*\w+,\s*\w+,\s*(?:NULL|"[^"]*"),\s*'
                      r'(NULL|(?:"[^"]*"\s*)+)}', text)
    if len(rows) != count:
        fault("route.c cannot be read any more:", len(rows), "of", count, "rows")
    taken = {(pattern, method.lower()): "".join(re.findall(r'"([^"]*)"', names)).split()
             for method, pattern, names in rows if names != "NULL"}
    for path, method in operations(doc):
        parameters = map(doc.follow, doc.operation(path, method).get("parameters", []))
        described = {p["name"] for p in parameters if p["in"] == "query"}
        known = taken.pop((re.sub(r"{\w+}", "*", path), method), described)
        if set(known) != described:
            fault(method, path, "takes", sorted(known), "but describes", sorted(described))
    for row in taken:
        fault("not in the document:", *row)


# ---- one reply -------------------------------------------------------------------------------


def ask(doc, path, method, expected, target=None, body=None, headers=None, base=None):
    """Sends it, and holds the reply against what the document says of it."""
    target = target or path.replace("{service}", "web").replace("{instance}", "one")
    what = f"{method.upper()} {target} {headers or ''} {str(body)[:100] if body is not None else ''}"
    status, fields, content = send(method.upper(), target, body, headers, base)
    if status != expected:
        fault(what, "-> expected", expected, "but got", status, content[:300])
        return None
    seen.add((path, method, status))
    response = doc.response(path, method, status)
    if response is None:
        fault(what, "->", status, "is not documented")
        return None
    for name, field in response.get("headers", {}).items():
        if name.lower() not in fields:
            fault(what, "->", status, "lacks", name)
        elif doc.follow(field["schema"]).get("type") == "integer" and not fields[name.lower()].isdigit():
            fault(what, "->", name, "is", fields[name.lower()])
    return check_content(doc, what, response, fields, content)


def check_content(doc, what, response, fields, content):
    media = response.get("content")
    if not media:
        if content:
            fault(what, "-> a body is not documented:", content[:100])
        return None
    kind = fields.get("content-type", "").split(";")[0]
    if kind not in media:
        fault(what, "-> the type", kind, "is not documented")
        return None
    if "json" not in kind:
        return content.decode()
    value = json.loads(content)
    for wrong in doc.wrong_with(value, media[kind]["schema"]):
        fault(what, "->", wrong)
    return value


# ---- the calls -------------------------------------------------------------------------------

SERVICES, SERVICE = "/v1/services", "/v1/services/{service}"
INSTANCES, INSTANCE = SERVICE + "/instances", SERVICE + "/instances/{instance}"
RENEW, OVERRIDE = INSTANCE + "/renew", INSTANCE + "/override"

FULL = {
    "addresses": ["10.0.0.7", "2001:db8::7"],
    "ports": [8080, {"name": "grpc", "number": 9090}],
    "weight": 30, "priority": 1, "status": "starting", "version": "1.4.2", "zone": "eu-1",
    "region": "eu", "cluster": "blue", "tags": ["a"], "metadata": {"team": "<img>"}, "lease": 60,
    "ttl": 7, "group": "host-7", "rev": 10,
}


def good_writes(doc):
    ask(doc, INSTANCE, "put", 201, body=FULL)
    ask(doc, INSTANCE, "put", 200, body=FULL)
    ask(doc, INSTANCES, "post", 201, body={"id": "two", "addresses": ["10.0.0.8"], "ports": [], "lease": "static"})
    ask(doc, INSTANCES, "post", 200, body={"id": "two", "addresses": ["10.0.0.8"], "ports": [], "lease": None})
    ask(doc, INSTANCE, "patch", 200, body={"status": "up", "metadata": {"team": None}, "weight": None})
    ask(doc, INSTANCE, "patch", 200, body={}, headers={"Content-Type": "application/merge-patch+json"})
    ask(doc, RENEW, "post", 200)
    ask(doc, OVERRIDE, "put", 200, body={"drain": True})
    ask(doc, OVERRIDE, "patch", 200, body={"weight": 10, "status": "down"})
    ask(doc, INSTANCES, "post", 403, body={"id": "own", "ports": [1], "owner": "key:deploy"})
    ask(doc, INSTANCES, "post", 201, body={"id": "own", "ports": [1], "owner": "key:deploy"}, headers=AUTH)
    ask(doc, "/v1/guard", "post", 200, body={"mode": "on"})
    ask(doc, "/v1/guard", "post", 200, body={"mode": "auto"})
    ask(doc, "/v1/evict", "post", 200, body={"force": True})


def good_reads(doc):
    for path in ("/v1/status", "/v1/namespaces", "/v1/records", "/v1/guard", SERVICES, SERVICE, INSTANCE,
                 OVERRIDE, "/metrics", "/v1/openapi.json"):
        ask(doc, path, "get", 200)
    for query in ("q=w", "ns=default&limit=1", "after=default/a"):
        ask(doc, SERVICES, "get", 200, f"/v1/services?{query}")
    for query in ("limit=1", "after=one", "status=down", "live=true", "where=zone:eu-1&where=tag:a"):
        ask(doc, SERVICE, "get", 200, f"/v1/services/web?{query}")
    for query in ("", "?ns=default&limit=1", "?after=default/web/a"):
        found = ask(doc, "/v1/overrides", "get", 200, "/v1/overrides" + query)
        if not found or [o["instance"] for o in found["overrides"]] != ["one"]:
            fault("/v1/overrides", query, "finds", found)
    ask(doc, "/v1/explain", "get", 200, "/v1/explain?name=web.disc.local&type=SRV&client=10.0.0.1")
    ask(doc, "/metrics", "get", 200, headers={"Accept": "application/openmetrics-text"})
    for path, target in ((SERVICES, "/v1/services"), (SERVICE, "/v1/services/web"), (INSTANCE, WEB + "/one"),
                         ("/v1/openapi.json", "/v1/openapi.json")):
        tag = send("GET", target)[1]["etag"]
        ask(doc, path, "get", 304, target, headers={"If-None-Match": tag})
    index = send("GET", "/v1/services/web")[1]["x-disc-index"]
    ask(doc, SERVICE, "get", 304, f"/v1/services/web?index={index}&wait=1ms")
    index = send("GET", "/v1/services")[1]["x-disc-index"]
    ask(doc, SERVICES, "get", 304, f"/v1/services?index={index}&wait=1ms")


def foreign(doc):
    """The other registries' clients: the status is 200 whatever the outcome is."""
    who = {"env": "default", "appid": "shop", "hostname": "shop-1"}
    for body in ({**who, "addrs": ["http://10.0.0.9:80"], "status": 1, "version": "1"}, {"env": "none"}, []):
        ask(doc, "/api/register", "post", 200, body=body)
    for body in ({"env": "default", "appid": "shop", "status": 1}, {"env": "default", "appid": "none", "status": 1}):
        ask(doc, "/api/fetch", "post", 200, body=body)
    ask(doc, "/api/fetchall", "post", 200)
    ask(doc, "/api/nodes", "post", 200, body={"env": "default"})
    ask(doc, "/api/renew", "post", 200, body=who)
    ask(doc, "/api/cancel", "post", 200, body=who)
    ask(doc, "/api/cancel", "post", 200, body=who)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    who = "env=default&appid=mall&hostname=mall-1"
    add = who + "&addrs=http%3A%2F%2F10.0.0.9%3A80&status=1&region=eu&zone=eu1&metadata=%7B%22weight%22%3A%229%22%7D"
    for path, body in (("register", add), ("register", "env=none"), ("renew", who), ("set", who + "&status=1")):
        ask(doc, "/discovery/" + path, "post", 200, body=body, headers=form)
    for path in ("fetch", "fetchs", "fetch/all", "poll", "polls", "nodes"):
        query = "env=default&appid=mall&hostname=me&status=1&latest_timestamp=0"
        found = ask(doc, "/discovery/" + path, "get", 200, f"/discovery/{path}?{query}")
        if not found or not found.get("data"):
            fault(path, "finds nothing:", found)
    ask(doc, "/discovery/fetch", "get", 200, "/discovery/fetch?env=default&appid=none&status=1")
    ask(doc, "/discovery/cancel", "post", 200, body=who, headers=form)


def errors_of_all(doc):
    """Those that come before the handler: each documented one is provoked wherever it stands."""
    for path, method in operations(doc):
        codes = doc.operation(path, method)["responses"]
        target = path.replace("{service}", "web").replace("{instance}", "one")
        body = {} if method in ("put", "post", "patch") else None
        ask(doc, path, method, 421, target, body, {"Host": "evil.example"})
        if "400" in codes:
            ask(doc, path, method, 400, target + "?x=%zz", body)
        if "400" in codes and path.startswith("/v1/"):
            ask(doc, path, method, 400, target + "?wher=zone:a", body)
        if "401" in codes:
            ask(doc, path, method, 401, target, body, {"Authorization": "Bearer wrong"})
        if "401" in codes and doc.operation(path, method).get("security"):
            ask(doc, path, method, 401, target, body, PROXY)
        if "413" in codes:
            ask(doc, path, method, 413, target, "{" + " " * 70000 + "}")
        if "403" in codes:
            ask(doc, path, method, 403, target, body, {"Origin": "https://evil.example"})
        if "415" in codes:
            ask(doc, path, method, 415, target, body, {"Content-Type": "text/plain"})


def errors_of_writes(doc):
    ask(doc, INSTANCES, "post", 400, body="{")
    ask(doc, INSTANCES, "post", 422, body={"weigth": 1})
    ask(doc, INSTANCES, "post", 403, body={"id": "one", "ports": [], "addresses": ["10.0.0.7"]}, headers=AUTH)
    ask(doc, INSTANCES, "post", 409, body={"id": "one", "ports": [], "addresses": ["10.0.0.7"], "rev": 1})
    ask(doc, INSTANCE, "put", 422, body={"weight": -1})
    ask(doc, INSTANCE, "put", 422, body={"weight": 1})
    ask(doc, INSTANCE, "put", 422, body={**FULL, "owner": "me"})
    ask(doc, INSTANCE, "put", 422, "/v1/services/web/instances/one?ns=none", body={})
    ask(doc, INSTANCE, "put", 403, body=FULL, headers=AUTH)
    ask(doc, INSTANCE, "put", 409, body={**FULL, "rev": 1})
    ask(doc, INSTANCE, "put", 409, "/v1/services/ns1/instances/a", body={"ports": []})
    ask(doc, INSTANCE, "patch", 422, body={"lease": 1})
    ask(doc, INSTANCE, "patch", 404, WEB + "/none", body={})
    ask(doc, INSTANCE, "patch", 409, body={"rev": 1, "weight": 7})
    ask(doc, INSTANCE, "delete", 404, WEB + "/none")
    ask(doc, INSTANCE, "delete", 409, WEB + "/one?rev=1")
    ask(doc, RENEW, "post", 404, WEB + "/none/renew")
    ask(doc, RENEW, "post", 422, body={"lease": 1})
    for method in ("put", "patch"):
        ask(doc, OVERRIDE, method, 404, "/v1/services/none/instances/one/override", {})
        ask(doc, OVERRIDE, method, 422, body={"weight": "much"})
    ask(doc, OVERRIDE, "delete", 404, "/v1/services/none/instances/one/override")
    ask(doc, OVERRIDE, "delete", 404, WEB + "/none/override")
    ask(doc, "/v1/guard", "post", 422, body={"mode": "maybe"})
    ask(doc, "/v1/evict", "post", 422, body={"instance": "one"})
    ask(doc, "/v1/evict", "post", 404, body={"service": "none"})
    ask(doc, "/v1/evict", "post", 409, body={"service": "web", "instance": "one"})


def errors_of_reads(doc):
    for path, query in ((SERVICES, "limit=0"), (SERVICE, "limit=0"), (SERVICE, "where=x"), ("/v1/explain", ""), ("/v1/overrides", "limit=0"),
                        ("/v1/records", "limit=0")):
        ask(doc, path, "get", 400, path.replace("{service}", "web") + "?" + query)
    ask(doc, SERVICE, "get", 404, "/v1/services/none")
    ask(doc, SERVICE, "get", 404, "/v1/services/web?ns=none&wait=9m")
    ask(doc, SERVICES, "get", 404, "/v1/services?ns=none")
    ask(doc, "/v1/overrides", "get", 404, "/v1/overrides?ns=none")
    ask(doc, SERVICE, "get", 404, "/v1/services/none?index=0&wait=1ms")
    ask(doc, INSTANCE, "get", 404, WEB + "/none")
    ask(doc, OVERRIDE, "get", 404, "/v1/services/none/instances/one/override")


def fill(doc):
    """Until there is no room: limits.instances of the configuration."""
    for n in range(1000):
        if send("PUT", f"/v1/services/many/instances/i{n}", {"addresses": ["10.0.0.1"], "ports": []})[0] == 507:
            break
    ask(doc, INSTANCE, "put", 507, "/v1/services/many/instances/last", {"addresses": ["10.0.0.1"], "ports": []})
    ask(doc, INSTANCES, "post", 507, "/v1/services/many/instances", {"addresses": ["10.0.0.2"], "ports": []})


def goodbyes(doc):
    ask(doc, OVERRIDE, "delete", 204)
    ask(doc, INSTANCE, "delete", 204, WEB + "/two")


def too_fast(doc):
    """From another address than loopback, whose writes are counted; it has no token."""
    for path, method in operations(doc):
        if "429" not in doc.operation(path, method)["responses"]:
            continue
        target = path.replace("{service}", "web").replace("{instance}", "one")
        body = {} if method in ("put", "post", "patch") else None
        for _ in range(2000):
            if send(method.upper(), target, body, base=OUTSIDE)[0] == 429:
                break
        ask_until(doc, path, method, 429, target, body)


def ask_until(doc, path, method, status, target, body):
    """A token may have come back since: then once more."""
    for _ in range(20):
        before = len(faults)
        ask(doc, path, method, status, target, body, base=OUTSIDE)
        if len(faults) == before:
            return
        if (path, method, status) not in seen and _ < 19:
            del faults[before:]


def reads_with_token(doc):
    """http.reads: token, to which the configuration was changed."""
    for path, method in operations(doc):
        if "401" in doc.operation(path, method)["responses"] and not CLIENT.match(path):
            body = {} if method == "post" else None
            ask(doc, path, method, 401, body=body, headers=PROXY)


def disk_fails(doc):
    subprocess.run(READONLY, shell=True, check=True)
    other = {"id": "one", "addresses": ["10.0.0.99"], "ports": []}
    ask(doc, INSTANCE, "put", 503, body=other)
    ask(doc, INSTANCES, "post", 503, body=other)
    ask(doc, INSTANCE, "patch", 503, body={"version": "9"})
    ask(doc, OVERRIDE, "put", 503, body={"drain": True})
    ask(doc, OVERRIDE, "patch", 503, body={"weight": 0})
    ask(doc, OVERRIDE, "delete", 503)
    ask(doc, INSTANCE, "delete", 503)
    ask(doc, "/v1/evict", "post", 503, body={"service": "many", "instance": "i0", "force": True})


def check_complete(doc):
    """Whatever is documented was seen."""
    for path, method in operations(doc):
        for status in doc.operation(path, method)["responses"]:
            if status == "default" or (status == "429" and OUTSIDE == "-"):
                continue
            if (path, method, int(status)) not in seen:
                fault("never seen:", method, path, status)


def main():
    status, fields, content = send("GET", "/v1/openapi.json")
    assert status == 200 and fields["content-type"] == "application/json", (status, fields)
    doc = Document(content)
    with open(f"{SOURCE}/src/http/openapi.json", "rb") as file:
        if file.read() != content:
            fault("what is served is not src/http/openapi.json")
    check_document(doc)
    check_routes(doc)
    for step in (good_writes, good_reads, foreign, errors_of_all, errors_of_writes, errors_of_reads, goodbyes,
                 fill, reads_with_token):
        step(doc)
    if OUTSIDE != "-":
        too_fast(doc)
    disk_fails(doc)
    check_complete(doc)
    for line in faults:
        print(line, file=sys.stderr)
    print(f"{len(seen)} documented replies seen, {len(faults)} faults")
    sys.exit(1 if faults else 0)


main()
