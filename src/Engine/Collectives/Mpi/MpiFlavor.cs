namespace Interactive.Collectives.Mpi;

/// <summary>Families of MPI libraries that differ in their binary interface.</summary>
public enum MpiFlavor
{
    /// <summary>Open MPI: handles are addresses of exported globals.</summary>
    OpenMpi,

    /// <summary>MPICH and its descendants: handles are 32-bit integers.</summary>
    Mpich,

    /// <summary>The MPI-5 standard binary interface.</summary>
    Standard,
}
