namespace Interactive.Training;

/// <summary>Why a run ends before its last step; the later ones outweigh the earlier.</summary>
internal enum StopKind : byte
{
    /// <summary>It goes on.</summary>
    None,
    /// <summary>So many steps were asked for, as if it had been interrupted.</summary>
    Cut,
    /// <summary>A hook has seen enough: the run is done.</summary>
    Done,
    /// <summary>The cancellation token.</summary>
    Cancelled,
    /// <summary>Ctrl-C.</summary>
    Interrupted,
    /// <summary>SIGTERM: the launcher, the batch system or the host wants the process to end.</summary>
    Terminated,
}
