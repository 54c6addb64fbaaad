//! Looks at the runs again and again, in a thread of its own: git and a large graph may take their time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use crate::cli::container::ListArgs;
use crate::commands::Context;
use crate::commands::container::list::{self, Listing};

/// How often.
pub const EVERY: Duration = Duration::from_secs(2);

/// What was seen, or why nothing was.
pub type News = Result<Listing, String>;

/// The thread, which ends with this value.
pub struct Feed {
    news: Receiver<News>,
    wake: SyncSender<()>,
    all: Arc<AtomicBool>,
}

impl Feed {
    pub fn start(mut args: ListArgs, context: &Context) -> io::Result<Self> {
        let (send, news) = sync_channel(1);
        let (wake, woken) = sync_channel(1);
        let all = Arc::new(AtomicBool::new(args.all));
        let wanted = Arc::clone(&all);
        // What it has to say in passing would stand across the screen.
        let context = Context { env: context.env.clone(), output: context.output.without_notes() };
        let look = move || {
            loop {
                args.all = wanted.load(Ordering::Relaxed);
                let news = list::look(&args, &context).map_err(|error| error.to_string());
                if send.send(news).is_err() || woken.recv_timeout(EVERY) == Err(RecvTimeoutError::Disconnected) {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("feed".to_owned()).spawn(look)?;
        Ok(Self { news, wake, all })
    }

    pub fn news(&self) -> Option<News> {
        self.news.try_recv().ok()
    }

    pub fn look_now(&self) {
        // Where it has been woken already, it looks.
        self.wake.try_send(()).ok();
    }

    /// Whether ended runs are shown, too.
    pub fn show_all(&self, all: bool) {
        self.all.store(all, Ordering::Relaxed);
        self.look_now();
    }
}
