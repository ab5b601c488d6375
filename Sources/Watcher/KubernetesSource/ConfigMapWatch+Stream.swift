import Shared

/// What comes through an open watch, and what it makes of the object.
extension ConfigMapWatch {
    mutating func opened(_ now: MonotonicTime) -> [Action] {
        guard case .opening = phase else { return [] }
        heard(now)
        needsNewConnection = false
        if resumeVersion != nil {
            watches(now)
            return []
        }
        phase = .synchronizing
        state.connection = .synchronizing
        return state.mode == .getAndWatch ? [.get] : []
    }

    /// From here on every change comes by itself.
    mutating func watches(_ now: MonotonicTime) {
        phase = .watching(since: now)
        state.connection = .watching
        isWell()
    }

    mutating func isWell() {
        state.problem = nil
        state.problemSince = nil
    }

    /// The same, with a state that is as new as it gets.
    mutating func watchesAnew(_ now: MonotonicTime) {
        watches(now)
        // The first one soon: it also tells whether the right to look is there.
        check = CheckSchedule(next: now + (hasChecked ? timing.check : timing.firstCheck))
        hasChecked = true
        if returnsToStreamingList {
            returnsToStreamingList = false
            state.mode = .streamingList
        }
    }

    mutating func take(_ event: WatchEvent, _ now: MonotonicTime, _ random: Double) -> [Action] {
        hasTold = true
        switch event {
        case .added(let object), .modified(let object), .deleted(let object):
            guard object.name == state.name else { return [] }
            if case .added = event {} else { versionsCount = true }
            return take(event, of: object, now)
        case .bookmark(let version, let isInitialEnd):
            state.resourceVersion = version
            if phase == .synchronizing {
                guard isInitialEnd, state.mode == .streamingList else { return [] }
                watchesAnew(now)
                resumeVersion = version
                return deliver(candidate)
            }
            versionsCount = true
            resumeVersion = version
            return []
        case .error(let status):
            if status.isExpired { return expired(now, random) }
            dropVersion(after: status.code)
            return fail(.error, explanation.problem(status), now, random)
        case .other: return []
        }
    }

    private mutating func take(_ event: WatchEvent, of object: ConfigMapObject, _ now: MonotonicTime) -> [Action] {
        var isDeleted = false
        if case .deleted = event { isDeleted = true }
        if phase == .synchronizing, state.mode == .streamingList {
            // The state of one object is one event at most.
            if hasInitialEvent { changesSince = changesSince ?? now }
            hasInitialEvent = true
            candidate = isDeleted ? nil : object
            return []
        }
        if phase == .synchronizing { watchesAnew(now) }
        check.changed()
        state.resourceVersion = object.resourceVersion
        if versionsCount { resumeVersion = object.resourceVersion }
        // A deletion that is told late must not take away what was created since.
        if isDeleted, let present = self.object, present.uid != object.uid { return [] }
        return deliver(isDeleted ? nil : object)
    }

    mutating func deliver(_ object: ConfigMapObject?) -> [Action] {
        self.object = object
        candidate = nil
        isAnswered = true
        state.presence = object == nil ? .absent : .present
        state.uid = object?.uid
        if let object {
            state.wasDelivered = true
            state.resourceVersion = object.resourceVersion
        }
        return [.deliver]
    }
}
