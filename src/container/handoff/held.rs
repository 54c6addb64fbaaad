//! What works without anybody asking: to open a folder, to enter it, to commit or to push is enough.

use crate::container::handoff::Table;

pub const HELD: &Table = &[
    ("binnacle: its settings and image", "/.binnacle/"),
    (
        "git: hooks, and what hook managers run",
        ".husky/ .huskyrc* husky.config.* .githooks/ .git-hooks/ githooks/ git-hooks/ .cargo-husky/ \
         .pre-commit-config.yaml .pre-commit-config.yml prek.toml lefthook.* .lefthook.* .lefthook/ lefthook-local.* \
         .lefthook-local.* .overcommit.yml .local-overcommit.yml simple-git-hooks.* .simple-git-hooks.* \
         captainhook.json captainhook.config.json grumphp.yml grumphp.yml.dist .rusty-hook.toml hk.pkl \
         .lintstagedrc* .lintstagedrc lint-staged.config.* .hooks/ .captainhook/ .pre-commit-hooks.yaml .yorkie/ \
         ghooks.* .git-hooks.*",
    ),
    ("git: where submodules, large files and settings come from", ".gitmodules .lfsconfig .gitconfig"),
    ("version control: a repository inside the tree", ".git/ .hg/ .jj/ .svn/ .bzr/"),
    (
        "the shell, on entering the folder",
        ".envrc .envrc.* .direnv/ .autoenv .autoenv.* .autoenv_leave.zsh .shadowenv.d/ mise.toml mise.*.toml \
         .mise.toml .mise.*.toml .mise/ .config/mise/ .config/mise.toml .rtx.toml .tool-versions flake.nix \
         .miserc.toml mise/config.toml .config/mise.*.toml .env.fish .localrc .smartcd/ .ondir.rc .asdfrc flake.lock \
         shell.nix /default.nix devenv.nix devenv.yaml devenv.lock devbox.json devbox.lock .devbox/",
    ),
    (
        "shells and terminals, where a home folder links to it",
        ".bashrc .bash_profile .bash_login .bash_logout .bash_aliases .profile .zshrc .zshenv .zprofile .zlogin \
         .kshrc .config/fish/ .inputrc .tmux.conf .zlogout .config/git/ .config/nvim/ .config/zsh/ .xonshrc \
         .config/nushell/ .gnupg/ .netrc .pam_environment .wezterm.lua .screenrc .xprofile .xinitrc .xsession .ssh/ \
         .config/autostart/ .config/systemd/",
    ),
    (
        "editors: tasks and settings, on opening the folder",
        ".vscode/ *.code-workspace .idea/ *.iml *.ipr *.iws .zed/ .fleet/ .vs/ .theia/ .nova/ *.sublime-project \
         *.sublime-workspace .devcontainer/ .devcontainer.json .gitpod.yml .exrc .vimrc .gvimrc .nvimrc .nvim.lua \
         .lvimrc .local.vimrc .vim/ .nvim/ .lazy.lua .neoconf.json .vimspector.json .dir-locals.el .dir-locals-2.el \
         .emacs .emacs.d/ .helix/ .kakrc .kak/ .lite_project.lua .kateproject .projections.json rust-analyzer.toml \
         .rust-analyzer.toml .clangd .luarc.json .luarc.jsonc .nvimrc.lua .ycm_extra_conf.py .ccls session.vim .run/ \
         *.run.xml .project .classpath .settings/ .externaltoolbuilders/ *.xcworkspace/ .swiftpm/ .lapce/ .pulsar/ \
         .atom/ .ensime .metals/ .bsp/ .lsp/ .vscode-server/ .openvscode-server/ .void/ .positron/ .antigravity/",
    ),
    (
        "agents: settings, hooks, skills and tool servers",
        ".claude/ .claude-plugin/ .cursor/ .gemini/ .codex/ .copilot/ .github/hooks/ .github/mcp.json \
         .github/copilot/ .mcp.json mcp.json .mcp/ .windsurf/ .codeium/ .roo/ .roomodes .cline/ .continue/ \
         .continuerc.json .aider.conf.yml .aider.conf.yaml .aider.model.settings.yml .amazonq/ .kiro/ .qwen/ \
         .opencode/ opencode.json opencode.jsonc .crush.json crush.json .goose/ .junie/ .trae/ .augment/ .factory/ \
         .agents/ .agent/ .amp/ .warp/ .serena/ .tabnine/ .sourcegraph/ .zencoder/ .forge.yaml .vscode-mcp.json \
         .aiassistant/ .aider/ .rovodev/ .kilocode/ .kilocodemodes .pi/ .grok/ .vibe/ .droid/ .iflow/ .openhands/ \
         .cody/ .jules/ .lingma/ .codebuddy/ .devin/ .plandex/ .gptme.toml gptme.toml .llm/ .mentat_config.json \
         mcp.yaml mcp.toml .mcprc .claude.json gemini-extension.json .hermes/",
    ),
    (
        "interpreters and debuggers, on start in the folder",
        ".gdbinit .lldbinit .rprofile .renviron *.rproj .ghci .ocamlinit .irbrc .pryrc .pythonrc .pdbrc .octaverc \
         .julia/ .config/julia/ sitecustomize.py usercustomize.py *.pth .rprofile.site .iex.exs .tclshrc .wishrc \
         .radare2rc .psqlrc .sqliterc .my.cnf .guile .sbclrc .ammonite/ .ipython/ ipython_config.py .jupyter/ \
         .duckdbrc .mongorc.js .mongoshrc.js .perldb",
    ),
    (
        "continuous integration, on the next push",
        "/.github/workflows/ /.github/actions/ /.gitlab-ci.yml /.gitlab-ci.yaml /.gitlab/ /.circleci/ /circle.yml \
         /.travis.yml /azure-pipelines.yml /azure-pipelines* /.azure-pipelines/ /.azuredevops/ /.pipelines/ \
         /bitbucket-pipelines.yml /.drone.* /.woodpecker/ /.woodpecker.* /jenkinsfile* /.jenkins/ /.buildkite/ \
         /appveyor.yml /.appveyor.yml /.cirrus.* /.semaphore/ /.teamcity/ /cloudbuild.* /.cloudbuild/ /.tekton/ \
         /.forgejo/ /.gitea/ /.builds/ /.build.yml /buildspec.* /codemagic.yaml /bitrise.yml /wercker.yml \
         /shippable.yml /.harness/ /.ci/ /.concourse/ /.screwdriver.yml /screwdriver.yaml /.packit.* /.copr/ \
         /.zuul.* /.zuul.d/ /zuul.d/ /.gocd.yaml /.prow.yaml /.taskcluster.yml /.evergreen.yml /.vela.* /.cds/ \
         /spacelift.yml /.spacelift/ /atlantis.yaml /scm-source.json",
    ),
    (
        "bots and hosting services, on the next push",
        "/.github/dependabot.* /.github/settings.yml /.github/renovate.* /renovate.* /.renovaterc* /.renovaterc \
         /.mergify.* /.github/mergify.* /.mergify/ /bors.toml /.kodiak.toml /.github/codeowners /codeowners \
         /docs/codeowners /.github/release* /.releaserc* /.releaserc /release.config.* /.goreleaser.* /.probot/ \
         /netlify.toml /vercel.json /render.yaml /amplify.yml /fly.toml /wrangler.* /.readthedocs.* /app.yaml \
         /app.json /apprunner.yaml /.platform/ /.platform.app.yaml /.do/ /railway.* /nixpacks.toml /heroku.yml \
         /.koyeb/ /firebase.json /.flux/ /.argocd/ /.argocd-source.yaml /fleet.yaml",
    ),
];
