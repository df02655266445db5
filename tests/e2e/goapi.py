"""A client of the Go registry's API, and one of bilibili's dialect, as their documents have it.

Usage: goapi.py URL COMMAND [NAME=VALUE...]

  register|renew|cancel|fetch|fetchall|nodes   POST /api/... with a JSON body; prints "code", then
                                               what was asked for with show=EXPRESSION of `data`
  raw path=PATH body=TEXT                      a POST as it stands; prints the body
  form path=PATH form=TEXT                     POST of a form
  get path=PATH                                GET
"""
import json
import sys
import urllib.request


def send(url, path, body=None, kind=None):
    request = urllib.request.Request(url + path, data=None if body is None else body.encode())
    if kind:
        request.add_header("Content-Type", kind)
    with urllib.request.urlopen(request, timeout=40) as reply:
        assert reply.status == 200, reply.status
        return reply.read().decode()


def show(reply, expression):
    print(reply["code"])
    if expression:
        print(eval(expression, {"data": reply.get("data"), "reply": reply}))


def check(command, reply):
    """Of each reply what its client's decoder needs."""
    code = reply["code"]
    assert isinstance(code, int)
    if code not in (200,):
        assert reply["message"].startswith("code: %d, error info: " % code), reply
    if command == "register" and code == 200:
        assert reply == {"code": 200, "message": "", "data": ""}, reply
    if command == "renew" and code == 200:
        assert reply == {"code": 200}, reply
    if command == "cancel" and code == 200:
        assert reply == {"code": 200, "message": ""}, reply
    if command in ("fetch", "nodes"):
        assert "data" in reply, reply
        if code != 200:
            assert reply["data"] == "", reply
            return
        for i in reply["data"]["instances"]:
            for name in ("env", "appid", "hostname", "version"):
                assert isinstance(i[name], str), i
            for name in ("reg", "up", "renew", "dirty", "latest"):
                assert isinstance(i[name + "_timestamp"], int), i
            assert i["status"] in (1, 2) and isinstance(i["addrs"], list), i
            assert i["latest_timestamp"] > 10**18, i


def main():
    url, command = sys.argv[1:3]
    given = dict(word.split("=", 1) for word in sys.argv[3:])
    if command == "raw":
        print(send(url, given["path"], given["body"]))
        return
    expression = given.pop("show", None)
    if command == "form":
        kind = "application/x-www-form-urlencoded"
        show(json.loads(send(url, given["path"], given["form"], kind)), expression)
        return
    if command == "get":
        show(json.loads(send(url, given["path"])), expression)
        return
    body = {}
    for name, value in given.items():
        body[name] = value.split(",") if name == "addrs" else int(value) if name == "status" else value
    reply = json.loads(send(url, "/api/" + command, json.dumps(body), "application/json"))
    check(command, reply)
    show(reply, expression)


main()
