// Two clients in Go, with nothing but its standard library: one that speaks the Go registry's
// API as that registry's own nodes do (JSON by reflection, times as texts, a body of "null"),
// one that goes through the life of bilibili's naming client (waits for infra.discovery, picks
// its nodes from there, registers by forms, follows services by long polls). Every answer goes
// through encoding/json into the types that such clients have: another type is a failure.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "FAILED:", err)
		os.Exit(1)
	}
}

func expect(fine bool, format string, args ...interface{}) {
	if !fine {
		must(fmt.Errorf(format, args...))
	}
}

func read(reply *http.Response, err error) []byte {
	must(err)
	defer reply.Body.Close()
	body, err := io.ReadAll(reply.Body)
	must(err)
	expect(reply.StatusCode == 200, "HTTP status %d: %s", reply.StatusCode, body)
	return body
}

// ---- the Go registry's API

type node struct {
	Env             string   `json:"env"`
	AppID           string   `json:"appid"`
	Hostname        string   `json:"hostname"`
	Addrs           []string `json:"addrs"`
	Version         string   `json:"version"`
	Status          uint32   `json:"status"`
	RegTimestamp    int64    `json:"reg_timestamp"`
	UpTimestamp     int64    `json:"up_timestamp"`
	RenewTimestamp  int64    `json:"renew_timestamp"`
	DirtyTimestamp  int64    `json:"dirty_timestamp"`
	LatestTimestamp int64    `json:"latest_timestamp"`
}

type envelope struct {
	Code    int             `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

type fetched struct {
	Instances       []*node `json:"instances"`
	LatestTimestamp int64   `json:"latest_timestamp"`
}

type caller struct{ base string }

func (c caller) post(action string, body interface{}) (e envelope) {
	encoded, err := json.Marshal(body)
	must(err)
	text := read(http.Post(c.base+"/api/"+action, "application/json", bytes.NewReader(encoded)))
	must(json.Unmarshal(text, &e))
	return
}

// Field names as Go writes them where a type has no tags for JSON.
type untagged struct {
	Env      string
	AppId    string
	Hostname string
	Addrs    []string
	Status   uint32
	Version  string
}

func replicated(n *node, dirty int64) map[string]interface{} {
	return map[string]interface{}{
		"env": n.Env, "appid": n.AppID, "hostname": n.Hostname, "addrs": n.Addrs,
		"status": n.Status, "version": n.Version, "replication": true,
		"dirty_timestamp":  strconv.FormatInt(dirty, 10),
		"latest_timestamp": strconv.FormatInt(dirty, 10),
	}
}

func registry(base string) {
	c := caller{base}
	me := untagged{"default", "go.app", "Host_1", []string{"http://10.0.0.5:80", "rpc:aaa"}, 1, "v1"}
	expect(c.post("renew", me).Code == 404, "renews what is not registered")
	e := c.post("register", me)
	expect(e.Code == 200 && string(e.Data) == `""`, "register: %+v", e)
	expect(c.post("renew", me).Code == 200, "renew")

	var f fetched
	e = c.post("fetch", map[string]interface{}{"env": "default", "appid": "go.app", "status": 1})
	must(json.Unmarshal(e.Data, &f))
	expect(len(f.Instances) == 1 && f.LatestTimestamp > 0, "fetch: %s", e.Data)
	n := f.Instances[0]
	expect(n.Hostname == "Host_1" && len(n.Addrs) == 2 && n.Addrs[1] == "rpc:aaa" &&
		n.Version == "v1" && n.RegTimestamp > 1e18, "instance: %+v", n)

	// a node's copy of it: the same version, an older one, a newer one
	expect(c.post("register", replicated(n, n.DirtyTimestamp)).Code == 200, "the same version")
	expect(c.post("register", replicated(n, n.DirtyTimestamp-1)).Code == 409, "an older version")
	expect(c.post("register", replicated(n, n.DirtyTimestamp+7)).Code == 200, "a newer version")
	expect(c.post("renew", replicated(n, n.DirtyTimestamp+7)).Code == 200, "renews its version")
	expect(c.post("renew", replicated(n, n.DirtyTimestamp+8)).Code == 404, "has a newer one")
	expect(c.post("renew", replicated(n, n.DirtyTimestamp)).Code == 409, "has an older one")

	// as a node reads all at its start
	all := map[string][]*node{}
	e = c.post("fetchall", nil)
	must(json.Unmarshal(e.Data, &all))
	expect(e.Code == 200 && len(all["go.app"]) == 1, "fetchall: %s", e.Data)
	e = c.post("nodes", map[string]string{"env": "default"})
	must(json.Unmarshal(e.Data, &f))
	u, err := url.Parse(f.Instances[0].Addrs[0])
	must(err)
	expect("http://"+u.Host == base, "nodes: %s", e.Data)

	expect(c.post("cancel", me).Code == 200, "cancel")
	e = c.post("fetch", map[string]interface{}{"env": "default", "appid": "go.app", "status": 3})
	expect(e.Code == 404 && string(e.Data) == `""`, "fetch of nobody: %+v", e)
}

// ---- bilibili's dialect

type instance struct {
	Region   string            `json:"region"`
	Zone     string            `json:"zone"`
	Env      string            `json:"env"`
	AppID    string            `json:"appid"`
	Hostname string            `json:"hostname"`
	Addrs    []string          `json:"addrs"`
	Version  string            `json:"version"`
	LastTs   int64             `json:"latest_timestamp"`
	Metadata map[string]string `json:"metadata"`
	Status   int64             `json:"status"`
}

type zones struct {
	Instances map[string][]*instance `json:"instances"`
	LastTs    int64                  `json:"latest_timestamp"`
}

type naming struct {
	node string
	last map[string]int64
}

func (n *naming) polls() map[string]*zones {
	values := url.Values{"env": {"default"}, "hostname": {"gohost"}}
	for app, last := range n.last {
		values.Add("appid", app)
		values.Add("latest_timestamp", strconv.FormatInt(last, 10))
	}
	var reply struct {
		Code int               `json:"code"`
		Data map[string]*zones `json:"data"`
	}
	client := http.Client{Timeout: 40 * time.Second}
	text := read(client.Get("http://" + n.node + "/discovery/polls?" + values.Encode()))
	must(json.Unmarshal(text, &reply))
	expect(reply.Code == 0, "polls: %s", text)
	for app, z := range reply.Data {
		expect(z != nil && z.LastTs > n.last[app], "polls: %s: %s", app, text)
		n.last[app] = z.LastTs
	}
	return reply.Data
}

func (n *naming) post(action, status string, i *instance) int {
	values := url.Values{}
	values.Set("region", "go")
	values.Set("zone", "zone_1")
	values.Set("env", "default")
	values.Set("hostname", "gohost")
	values.Set("appid", i.AppID)
	if status != "" {
		metadata, err := json.Marshal(i.Metadata)
		must(err)
		for _, addr := range i.Addrs {
			values.Add("addrs", addr)
		}
		values.Set("version", i.Version)
		values.Set("status", status)
		values.Set("metadata", string(metadata))
	}
	var reply struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	text := read(http.PostForm("http://"+n.node+"/discovery/"+action, values))
	must(json.Unmarshal(text, &reply))
	return reply.Code
}

func bilibili(seed string) {
	n := &naming{node: seed, last: map[string]int64{"infra.discovery": 0}}
	self := n.polls()["infra.discovery"]
	expect(self != nil, "no infra.discovery")
	n.node = ""
	for _, all := range self.Instances {
		for _, i := range all {
			u, err := url.Parse(i.Addrs[0])
			must(err)
			expect(u.Scheme == "http", "its address: %s", i.Addrs[0])
			n.node = u.Host
		}
	}
	expect(n.node == seed, "its node: %q", n.node)

	me := &instance{AppID: "go.bili", Version: "1", Addrs: []string{"grpc://10.0.0.6:9000", "http://10.0.0.6:8000"},
		Metadata: map[string]string{"weight": "30", "color": "blue"}}
	n.last[me.AppID] = 0
	expect(n.post("renew", "", me) == -404, "renews what is not registered")
	news := make(chan map[string]*zones)
	go func() { news <- n.polls() }() // held until the registration
	follower := &naming{node: n.node}
	expect(follower.post("register", "1", me) == 0, "register")
	i := (<-news)[me.AppID].Instances["zone_1"][0]
	expect(i.Hostname == "gohost" && i.Region == "go" && i.Addrs[0] == me.Addrs[0] &&
		i.Metadata["weight"] == "30" && i.LastTs > 0, "instance: %+v", i)
	expect(follower.post("renew", "", me) == 0, "renew")

	go func() { news <- n.polls() }()
	me.Metadata = map[string]string{"weight": "40"}
	expect(follower.post("set", "1", me) == 0, "set")
	i = (<-news)[me.AppID].Instances["zone_1"][0]
	expect(i.Metadata["weight"] == "40" && i.Metadata["color"] == "blue", "after set: %+v", i)
	expect(follower.post("cancel", "", me) == 0, "cancel")
	expect(follower.post("cancel", "", me) == -404, "cancels twice")
}

func main() {
	u, err := url.Parse(os.Args[2])
	must(err)
	switch os.Args[1] {
	case "registry":
		registry(os.Args[2])
	case "bilibili":
		bilibili(u.Host)
	}
	fmt.Println("fine")
}
