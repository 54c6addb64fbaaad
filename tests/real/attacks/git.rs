//! What the user's own git would run or obey afterwards, and the host's repository itself.

use super::Attack;

pub const ATTACKS: &[Attack] = &[
    Attack::new("git-hook", "d=$(git rev-parse --git-common-dir)/hooks; for h in post-checkout pre-commit post-index-change reference-transaction; do printf '#!/bin/sh\\ntouch %s\\nexit 0\\n' $C/$N > $d/$h; chmod +x $d/$h; done"),
    Attack::new("git-fsmonitor", "git config core.fsmonitor \"touch $C/$N;false\""),
    Attack::new("git-filter", "git config filter.bad.clean \"touch $C/$N;cat\"; echo '* filter=bad' > $(git rev-parse --git-common-dir)/info/attributes"),
    Attack::new("git-alias", "git config alias.look \"!touch $C/$N\""),
    Attack::new("git-diff-program", "git config diff.external \"touch $C/$N;true\""),
    Attack::new("git-configuration-of-the-user", "printf '[alias]\\nsee = !touch %s\\n' $C/$N >> $W/home/.gitconfig"),
    Attack::new("git-nested-repository", "git init -q nested && git -C nested config core.fsmonitor \"touch $C/$N;false\" && git -C nested -c user.name=x -c user.email=x commit -q --allow-empty -m x; git add nested 2>/dev/null; git commit -qm nested"),
    Attack::new("git-read-credentials", "git config --get-all http.extraheader > $LOOT; cat $W/repo/.git/config >> $LOOT"),
    Attack::new("git-write-an-object-folder", "touch $W/repo/.git/objects/$N").seen_by("[[ -e $W/repo/.git/objects/$N ]]"),
    Attack::new("git-push-to-the-host", "git push -f ${HOST:-host} HEAD:refs/heads/$N; git push -f $W/repo HEAD:refs/heads/$N").seen_by("git --git-dir=$W/repo/.git rev-parse -q --verify refs/heads/$N"),
    Attack::new("git-forge-the-merge", "git update-ref refs/heads/main HEAD; git update-ref refs/remotes/host/main HEAD; git branch -f forged-$N; git commit -q --allow-empty -m $N; git update-ref refs/heads/main HEAD").seen_by("git --git-dir=$W/repo/.git log -1 --format=%s main | grep -q $N"),
    Attack::new("git-drop-other-worktrees", "mv $W/repo/.git/worktrees/agent-2/gitdir $W/gone; git worktree prune").seen_by("! git --git-dir=$W/repo/.git worktree list | grep -q agent-2"),
    Attack::new("git-with-another-folder", "mkdir evil; git init -q --bare evil; git --git-dir=evil config core.bare false; git --git-dir=evil config core.fsmonitor \"touch $C/$N;false\"; rm -rf .git; mv .git old; echo 'gitdir: evil' > .git"),
];
