internal import CLinux
internal import Glibc

/// A failed system call: its name, the error number and what it was done to.
package struct SystemError: Error, Equatable, CustomStringConvertible {
    /// The system call, for example `open`.
    package var call: String
    /// The value of `errno`, positive.
    package var number: Int32
    /// The path, descriptor or address it concerned; empty where there is none.
    package var subject: String

    package init(call: String, number: Int32, subject: String = "") {
        self.call = call
        self.number = number
        self.subject = subject
    }

    package var description: String {
        let text = String(cString: strerror(number))
        return subject.isEmpty ? "\(call): \(text)" : "\(call) \(subject): \(text)"
    }
}

/// Turns the `-errno` convention of the C shims into a thrown error.
///
/// - Returns: `result` when it is zero or more.
@discardableResult
package func checked<Result: SignedInteger>(
    _ call: String,
    _ subject: @autoclosure () -> String = "",
    _ result: Result
) throws(SystemError) -> Result {
    guard result >= 0 else { throw SystemError(call: call, number: Int32(-Int(result)), subject: subject()) }
    return result
}

/// Runs a libc call that reports failure as -1 and `errno`, again while a signal interrupts it.
///
/// - Returns: The call's result, zero or more.
@discardableResult
package func retryingInterrupts<Result: SignedInteger>(
    _ call: String,
    _ subject: @autoclosure () -> String = "",
    _ body: () -> Result
) throws(SystemError) -> Result {
    while true {
        let result = body()
        if result >= 0 { return result }
        let number = errno
        if number == EINTR { continue }
        throw SystemError(call: call, number: number, subject: subject())
    }
}
