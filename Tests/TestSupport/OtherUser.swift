internal import Glibc

/// Runs programs as uid 65534, which owns nothing.
package enum OtherUser {
    /// What stands before the program and its arguments.
    package static let wrapper = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]

    /// Why it cannot be done here; `nil` if it can.
    package static let obstacle: String? = {
        guard geteuid() == 0 else { return "needs root to become uid 65534" }
        guard access(wrapper[0], X_OK) == 0 else { return "\(wrapper[0]) (util-linux) is not installed" }
        // By a shell: setpriv itself still reaches a program that the user cannot.
        let script = ["/bin/sh", "-c", "exec \"$0\" --version"]
        guard let program = try? BuiltProducts.path("manager"),
            let probe = try? TestChildProcess(wrapper[0], wrapper.dropFirst() + script + [program], environment: []),
            (try? probe.wait(within: .seconds(30)))?.exit == .code(0)
        else { return "uid 65534 may not run the programs in \(BuiltProducts.directory)" }
        return nil
    }()
}
