//! System calls that another process is made to do, as somebody would who has taken it over.

use std::{io, mem, ptr, thread, time::Duration};

/// A process whose main thread is stopped in a system call.
pub struct Seized(libc::pid_t);

impl Seized {
    /// Stops a process in a system call, for which it lets it run as often as it has to. Takes CAP_SYS_PTRACE.
    #[cfg(target_arch = "x86_64")]
    pub fn new(process: i32) -> Self {
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: the call takes numbers.
        done(unsafe { libc::ptrace(libc::PTRACE_SEIZE, process, none, none) });
        let seized = Self(process);
        loop {
            // SAFETY: the call takes numbers.
            done(unsafe { libc::ptrace(libc::PTRACE_INTERRUPT, process, none, none) });
            seized.wait();
            if seized.is_in_a_call() {
                return seized;
            }
            // SAFETY: the call takes numbers.
            done(unsafe { libc::ptrace(libc::PTRACE_CONT, process, none, none) });
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Whether the instruction before the present one is `syscall`: it may run code of its own.
    #[cfg(target_arch = "x86_64")]
    fn is_in_a_call(&self) -> bool {
        let before = (self.registers().rip - 2) as *mut libc::c_void;
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: the call takes numbers, and reads the other process.
        let word = unsafe { libc::ptrace(libc::PTRACE_PEEKTEXT, self.0, before, none) };
        word.to_ne_bytes()[..2] == [0x0f, 0x05]
    }

    /// Has the process do a system call, and returns the result: an error is its negative number.
    #[cfg(target_arch = "x86_64")]
    pub fn call(&self, number: libc::c_long, arguments: [u64; 6]) -> i64 {
        let before = self.registers();
        let [rdi, rsi, rdx, r10, r8, r9] = arguments;
        // The `syscall` instruction, two bytes long, lies just before the present one.
        let rip = before.rip - 2;
        let rax = number as u64;
        // No call is to be restarted at the next stop.
        let orig_rax = u64::MAX;
        self.set(libc::user_regs_struct {
            rip,
            rax,
            orig_rax,
            rdi,
            rsi,
            rdx,
            r10,
            r8,
            r9,
            ..before
        });
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: the call takes numbers.
        done(unsafe { libc::ptrace(libc::PTRACE_SINGLESTEP, self.0, none, none) });
        self.wait();
        let result = self.registers().rax as i64;
        self.set(before);
        result
    }

    fn wait(&self) {
        let mut status = 0;
        // SAFETY: the status outlives the call.
        let waited = unsafe { libc::waitpid(self.0, &raw mut status, libc::__WALL) };
        assert_eq!(waited, self.0, "waitpid: {}", io::Error::last_os_error());
        assert!(libc::WIFSTOPPED(status), "{status:#x}");
    }

    #[cfg(target_arch = "x86_64")]
    fn registers(&self) -> libc::user_regs_struct {
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: any bytes are registers, and these outlive the call that fills them.
        unsafe {
            let mut registers: libc::user_regs_struct = mem::zeroed();
            done(libc::ptrace(libc::PTRACE_GETREGS, self.0, none, &raw mut registers));
            registers
        }
    }

    #[cfg(target_arch = "x86_64")]
    fn set(&self, registers: libc::user_regs_struct) {
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: the registers outlive the call.
        done(unsafe { libc::ptrace(libc::PTRACE_SETREGS, self.0, none, &raw const registers) });
    }
}

impl Drop for Seized {
    fn drop(&mut self) {
        let none = ptr::null_mut::<libc::c_void>();
        // SAFETY: the call takes numbers. A test that has failed already says why.
        unsafe { libc::ptrace(libc::PTRACE_DETACH, self.0, none, none) };
    }
}

fn done(result: libc::c_long) {
    assert_eq!(result, 0, "ptrace: {}", io::Error::last_os_error());
}
