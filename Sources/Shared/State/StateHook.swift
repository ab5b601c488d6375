/// Where tests bring their faults in: one call before each store to the state file, before each wake, before each call
/// that changes what a path leads to, and between the looks of a reader. Release builds have no hook and no code for it.
package enum StateHook {
    #if DEBUG
    /// Called at each point; it may end or stop the process. Set it while only one thread uses the state.
    nonisolated(unsafe) package static var action: (() -> Void)?
    #endif

    @inline(__always)
    static func point() {
        #if DEBUG
        action?()
        #endif
    }
}
