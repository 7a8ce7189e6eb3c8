namespace Interactive.Collectives;

/// <summary>How gradients travel. Sums are always made in fp32.</summary>
public enum WireFormat
{
    /// <summary>As they are: 4 bytes an element.</summary>
    Fp32,

    /// <summary>bfloat16, rounded to nearest even: 2 bytes, the range of fp32, 8 bits of precision.</summary>
    Bf16,

    /// <summary>
    /// IEEE half: 2 bytes, 11 bits of precision; values travel divided by the number of ranks so that sums fit.
    /// </summary>
    Fp16,
}
