module github.com/hawser-ws/hawser/compliance/hawservet

go 1.25

require golang.org/x/tools v0.42.0

require (
	github.com/google/go-cmp v0.7.0
	golang.org/x/mod v0.33.0 // indirect
	golang.org/x/sync v0.19.0 // indirect
)
