internal import Glibc

/// Ends a process that stayed behind: under a manager the parent-death signal does it; this is the check for the
/// moment between spawn and `main`.
package enum ParentDeath {
    /// True if the manager that spawned this process (`MANAGER_PID`) is no longer its parent.
    package static func isOrphan(environment: ProcessEnvironment) -> Bool {
        guard let text = environment[InternalVariable.managerPID], let pid = Int32(text) else { return false }
        return getppid() != pid
    }
}
