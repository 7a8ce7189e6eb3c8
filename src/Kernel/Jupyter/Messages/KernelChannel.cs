namespace Interactive.Kernel.Jupyter;

/// <summary>The sockets on which messages travel.</summary>
internal enum KernelChannel
{
    /// <summary>Requests in order: execute, complete...</summary>
    Shell,

    /// <summary>Requests that must not wait: interrupt, shutdown.</summary>
    Control,

    /// <summary>What the kernel asks its client: a line of input.</summary>
    Stdin,

    /// <summary>What the kernel tells all clients: output, status.</summary>
    IoPub,
}
