internal import CLinux
internal import Glibc
internal import Shared

/// Sleeps; only for threads that have nothing else to wait for.
func pause(_ duration: Duration) {
    var time = timespec(
        tv_sec: Int(duration.nanoseconds / 1_000_000_000),
        tv_nsec: Int(duration.nanoseconds % 1_000_000_000)
    )
    var rest = timespec()
    while nanosleep(&time, &rest) != 0, errno == EINTR { time = rest }
}

/// Runs `body` on a thread of its own, with a stack of 256 KiB.
func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    let box = Unmanaged.passRetained(ThreadBody(run: body))
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, 256 * 1024)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let result = pthread_create(&thread, &attributes, threadMain, box.toOpaque())
    guard result == 0 else {
        box.release()
        throw SystemError(call: "pthread_create", number: result)
    }
}

private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(run: @escaping @Sendable () -> Void) { self.run = run }
}

private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument else { return nil }
    Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    return nil
}
