// Renders the templates of a chart as `helm template` does, for machines without helm: Go's own
// template engine, the sprig functions, and those that helm adds to them (its pkg/engine/funcs.go and
// engine.go). Built from Debian's packages, in GOPATH mode. No cluster is asked, so lookup finds what
// the input names as found: nothing, for an installation.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"sigs.k8s.io/yaml"
)

type input struct {
	// Of the templates, by path below the chart: "templates/services.yaml".
	Files map[string]string
	// What templates see as the dot: Values, Chart, Release.
	Context map[string]interface{}
	// What they see as .Files: all others of the chart.
	Others chartFiles
	// What lookup finds, by kind and name: "Secret/hypercache".
	Found map[string]map[string]interface{}
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fail(err)
	}
	rendered, err := render(in)
	if err != nil {
		fail(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(rendered); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func render(in input) (map[string]string, error) {
	all := template.New("chart").Option("missingkey=zero")
	all.Funcs(functions(all, in.Found))
	for name, text := range in.Files {
		if _, err := all.New(name).Parse(text); err != nil {
			return nil, err
		}
	}
	in.Context["Files"] = in.Others
	rendered := map[string]string{}
	for name := range in.Files {
		// Only definitions lie in these.
		if strings.HasPrefix(path.Base(name), "_") {
			continue
		}
		in.Context["Template"] = map[string]interface{}{"Name": name, "BasePath": "templates"}
		var out bytes.Buffer
		if err := all.ExecuteTemplate(&out, name, in.Context); err != nil {
			return nil, err
		}
		rendered[name] = strings.ReplaceAll(out.String(), "<no value>", "")
	}
	return rendered, nil
}

// As helm's engine/files.go.
type chartFiles map[string]string

func (files chartFiles) Get(name string) string {
	return files[name]
}

func (files chartFiles) Glob(pattern string) chartFiles {
	found := chartFiles{}
	for name, text := range files {
		if ok, _ := path.Match(pattern, name); ok {
			found[name] = text
		}
	}
	return found
}

func functions(all *template.Template, found map[string]map[string]interface{}) template.FuncMap {
	table := sprig.TxtFuncMap()
	// A chart must not depend on who installs it.
	delete(table, "env")
	delete(table, "expandenv")
	table["toYaml"] = toYaml
	table["toJson"] = toJson
	table["include"] = func(name string, dot interface{}) (string, error) {
		var out strings.Builder
		err := all.ExecuteTemplate(&out, name, dot)
		return out.String(), err
	}
	table["tpl"] = func(text string, dot interface{}) (string, error) {
		clone, err := all.Clone()
		if err != nil {
			return "", err
		}
		parsed, err := clone.New("tpl").Parse(text)
		if err != nil {
			return "", err
		}
		var out strings.Builder
		err = parsed.Execute(&out, dot)
		return out.String(), err
	}
	table["required"] = func(message string, value interface{}) (interface{}, error) {
		if value == nil || value == "" {
			return value, errors.New(message)
		}
		return value, nil
	}
	table["lookup"] = func(_, kind, _, name string) map[string]interface{} {
		if object, ok := found[kind+"/"+name]; ok {
			return object
		}
		return map[string]interface{}{}
	}
	return table
}

func toYaml(value interface{}) string {
	text, err := yaml.Marshal(value)
	if err != nil {
		return ""
	}
	return strings.TrimSuffix(string(text), "\n")
}

func toJson(value interface{}) string {
	text, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	return string(text)
}
