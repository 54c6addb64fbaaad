#!/usr/bin/env bash
# Stands in for an AI agent in the demo, and does in the container what one is told to do.
set -euo pipefail

task=$(bn ready --json | jq -r '.tasks[0].id')
bn task claim "$task"
echo "Hello from $BN_AGENT_NAME" >greeting.txt
git add greeting.txt
git commit --quiet --message "Add a greeting ($task)"
bn task close "$task"
bn goodbye "Added greeting.txt"
