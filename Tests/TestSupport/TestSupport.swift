package let testSupport = 1
