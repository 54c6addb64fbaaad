//! What works once somebody builds, tests, installs, deploys or asks an agent.

use crate::container::handoff::Table;

pub const NAMED: &Table = &[
    (
        "agents: instructions",
        "agents.md agent.md agents.override.md claude.md claude.local.md gemini.md qwen.md warp.md skill.md \
         .cursorrules .windsurfrules .clinerules/ .goosehints .rules/ .roorules*/ .augment-guidelines \
         .github/copilot-instructions.md .github/instructions/ .github/prompts/ .github/chatmodes/ .github/agents/ \
         .github/skills/ *.instructions.md *.prompt.md *.chatmode.md *.agent.md",
    ),
    (
        "cargo and rustc: build scripts and settings",
        "build.rs .cargo/ cargo.toml cargo.lock rust-toolchain rust-toolchain.toml clippy.toml .clippy.toml \
         rustfmt.toml .rustfmt.toml cross.toml",
    ),
    (
        "Node's tools: scripts, settings, dependencies",
        "package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml bun.lock bun.lockb .npmrc \
         .yarnrc .yarnrc.yml .yarn/ .pnpmfile.* pnpm-workspace.yaml bunfig.toml deno.json deno.jsonc deno.lock \
         lerna.json nx.json turbo.json rush.json gruntfile.* gulpfile.* *.config.js *.config.cjs *.config.mjs \
         *.config.ts *.config.mts *.config.cts *.conf.js .babelrc* .eslintrc* .prettierrc* .stylelintrc* .mocharc* \
         .commitlintrc* .swcrc tsconfig*.json jsconfig.json binding.gyp .nvmrc .node-version .npmignore",
    ),
    (
        "Python's tools: scripts, settings, dependencies",
        "setup.py setup.cfg pyproject.toml conftest.py tox.ini noxfile.py pytest.ini .coveragerc requirements*.txt \
         requirements/ constraints*.txt pipfile pipfile.lock poetry.lock poetry.toml uv.lock uv.toml pdm.lock \
         pixi.toml pixi.lock environment.yml environment.yaml fabfile.py tasks.py dodo.py wscript .python-version \
         .pylintrc pylintrc mypy.ini .mypy.ini pyrightconfig.json .pip/ pip.conf hatch.toml manage.py snakefile",
    ),
    (
        "make and its kin",
        "makefile gnumakefile *.mk *.mak justfile .justfile *.just taskfile.* magefile.go magefiles/ \
         cmakelists.txt *.cmake cmakepresets.json cmakeuserpresets.json meson.build meson_options.txt \
         meson.options configure configure.ac configure.in *.m4 autogen.sh bootstrap.sh build.sh sconstruct \
         sconscript build.ninja premake*.lua xmake.lua wscript_build conanfile.* vcpkg.json kconfig *.gn *.gni",
    ),
    (
        "Bazel, Buck and Pants",
        "workspace workspace.bazel workspace.bzlmod module.bazel module.bazel.lock build build.bazel *.bzl \
         .bazelrc .bazelversion .buckconfig pants.toml buildfile",
    ),
    (
        "the JVM's tools",
        "pom.xml .mvn/ mvnw mvnw.cmd build.gradle* settings.gradle* gradle.properties gradlew gradlew.bat gradle/ \
         init.gradle* *.gradle *.gradle.kts build.sbt *.sbt build.sc build.mill .sbtopts .jvmopts .scalafix.conf \
         build.xml ivy.xml .java-version .sdkmanrc project.clj deps.edn bb.edn shadow-cljs.edn",
    ),
    (
        "build tools of other languages",
        "go.mod go.sum go.work tools.go gemfile gemfile.lock *.gemspec rakefile .rubocop.yml .ruby-version \
         .solargraph.yml composer.json composer.lock .php-cs-fixer.* phpstan.neon* phpunit.xml* psalm.xml mix.exs \
         mix.lock rebar.config* *.csproj *.fsproj *.vbproj *.sln *.slnx directory.build.* directory.packages.props \
         nuget.config *.targets *.props package.swift package.resolved podfile podfile.lock *.podspec *.pbxproj \
         *.xcscheme fastlane/ *.cabal cabal.project* stack.yaml setup.hs dune dune-project *.opam build.zig \
         build.zig.zon *.nimble shard.yml *.rockspec makefile.pl build.pl cpanfile renv.lock renv pubspec.yaml \
         pubspec.lock elm.json spago.* *.nix .gclient compile_commands.json compile_flags.txt .clang-tidy",
    ),
    (
        "containers and virtual machines",
        "containerfile* *.containerfile dockerfile* *.dockerfile .dockerignore .containerignore compose*.yml \
         compose*.yaml docker-compose* docker-bake.* vagrantfile tiltfile skaffold.yaml earthfile devspace.yaml \
         procfile procfile.* *.pkr.hcl *.container *.kube",
    ),
    (
        "deployment tools",
        "*.tf *.tfvars terragrunt.hcl .terraform.lock.hcl pulumi.* ansible.cfg chart.yaml helmfile.* \
         kustomization.* serverless.* cdk.json samconfig.toml template.yaml *.service *.timer *.socket *.desktop \
         crontab",
    ),
    (
        "programs that load it from the folder",
        ".env .env.* .gitattributes .editorconfig .watchmanconfig .arcconfig .ackrc .wgetrc .curlrc autorun.inf \
         desktop.ini",
    ),
];
