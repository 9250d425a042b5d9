import { describe, expect, it } from "vitest";
import { compileTemplate } from "./template.ts";

const data = {
  Name: "/web",
  Count: 3,
  On: true,
  State: { Status: "running", Health: { Status: "healthy" } },
  Labels: { b: "2", a: "1", "com.x.y": "dotted" },
  Ports: [{ Port: 80 }, { Port: 443 }],
  Empty: [],
  Env: ["A=1", "B=2"],
};

describe("a Go template", () => {
  it.each([
    ["plain", "plain"],
    ["{{.Name}} is {{.State.Status}}", "/web is running"],
    ["{{json .State}}", '{"Status":"running","Health":{"Status":"healthy"}}'],
    ["{{json .}}".replace(".", ".Env"), '["A=1","B=2"]'],
    ["{{.Labels}}", "map[a:1 b:2 com.x.y:dotted]"],
    ["{{.Env}}", "[A=1 B=2]"],
    ["{{.Missing}}", "<no value>"],
    ['{{index .Labels "com.x.y"}}', "dotted"],
    ['{{index .Labels "none"}}', ""],
    ["{{index .Env 1}}", "B=2"],
    ["{{(index .Ports 1).Port}}", "443"],
    ["{{if .State.Health}}{{print .State.Health.Status}}{{end}}", "healthy"],
    ["{{if .Empty}}full{{else}}empty{{end}}", "empty"],
    ["{{if .Empty}}a{{else if .On}}b{{else}}c{{end}}", "b"],
    ["{{range .Ports}}{{.Port}},{{end}}", "80,443,"],
    ["{{range $i, $p := .Ports}}{{$i}}={{$p.Port}} {{end}}", "0=80 1=443 "],
    ["{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}", "a=1;b=2;com.x.y=dotted;"],
    ["{{range .Empty}}x{{else}}none{{end}}", "none"],
    ["{{range .Ports}}{{$.Name}} {{end}}", "/web /web "],
    ["{{with .State}}{{.Status}}{{end}}", "running"],
    ['{{join .Env ", "}}', "A=1, B=2"],
    ['{{.Name | upper | printf "%q"}}', '"/WEB"'],
    ['{{printf "%-6s|%3d|%05.1f|%%" .State.Status .Count 2.25}}', "running|  3|002.3|%"],
    ['{{eq .Count 3}} {{ne .Name "x"}} {{gt .Count 2}} {{and .On .Empty}} {{or .Empty .Name}} {{not .On}}', "true true true [] /web false"],
    ["{{$s := .State.Status}}{{$s}}-{{len .Env}}", "running-2"],
    ["a {{- .Count -}} b", "a3b"],
    ["{{/* nothing */}}{{println .Count}}", "3\n"],
    ['{{slice .Name 1}} {{truncate .Name 3}} {{split "a,b" ","}} {{title "one two"}}', "web /we [a b] One Two"],
    ['{{"}}"}}', "}}"],
  ])("%s", (template, expected) => {
    expect(compileTemplate(template)(data)).toBe(expected);
  });

  it.each([
    ["{{.Name", "unclosed action"],
    ["{{if .Name}}", "without {{end}}"],
    ["{{end}}", "unexpected {{end}}"],
    ["{{nosuch .Name}}", 'function "nosuch" not defined'],
    ["{{$x}}", 'undefined variable "$x"'],
    ["{{range .Count}}{{end}}", "range can't iterate over 3"],
    ["{{(.Name}}", "unclosed ("],
  ])("%s is refused: %s", (template, message) => {
    expect(() => compileTemplate(template)(data)).toThrow(message);
  });

  it("reads nothing but own fields", () => {
    expect(compileTemplate("{{.constructor}}{{.__proto__}}")({})).toBe("<no value><no value>");
  });
});
