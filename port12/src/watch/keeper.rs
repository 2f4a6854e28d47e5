//! The thread that keeps the programs' truth fresh, whatever the reports wait for.

use std::{
    sync::{Arc, mpsc},
    thread::{self, JoinHandle},
};

use crate::{kernel::instance::Instance, truth};

/// Renews the truth until it is dropped.
pub struct Keeper {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts renewing. The thread is in the network namespace of the caller.
    ///
    /// # Errors
    ///
    /// Where no thread can be had.
    pub fn start(instances: Vec<Arc<Instance>>) -> std::io::Result<Self> {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("truth".into())
            .spawn(move || keep(&instances, &stopped))?;
        Ok(Self { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been printed, and the programs are about to go.
            let _ = thread.join();
        }
    }
}

fn keep(instances: &[Arc<Instance>], stopped: &mpsc::Receiver<()>) {
    let instances: Vec<&Instance> = instances.iter().map(Arc::as_ref).collect();
    let mut truth = truth::Truth::default();
    let mut failing = false;
    loop {
        match truth.publish(&instances) {
            Ok(left_out) if left_out.is_empty() => failing = false,
            Ok(left_out) => {
                failing = false;
                log::warn!(
                    "{} local addresses do not fit the kernel's tables: what comes for them \
                     counts as transit and passes",
                    left_out.v4.len()
                        + left_out.v6.len()
                        + left_out.prefixes_v4.len()
                        + left_out.prefixes_v6.len()
                );
            }
            Err(error) if !failing => {
                failing = true;
                log::warn!("{error}; until that mends, the program looks TCP sockets up by itself");
            }
            Err(_) => {}
        }
        if stopped.recv_timeout(truth::PERIOD) != Err(mpsc::RecvTimeoutError::Timeout) {
            return;
        }
    }
}
