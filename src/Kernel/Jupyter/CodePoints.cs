namespace Interactive.Kernel.Jupyter;

/// <summary>Positions in code: the protocol counts Unicode code points, C# counts UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary>The index of the unit at which a code point begins; positions past the end are the end.</summary>
    public static int ToUnits(string code, int position)
    {
        var units = 0;
        for (var i = 0; i < position && units < code.Length; i++) units += char.IsSurrogatePair(code, units) ? 2 : 1;
        return units;
    }

    /// <summary>How many code points precede a unit.</summary>
    public static int FromUnits(string code, int units)
    {
        var position = 0;
        for (var i = 0; i < units && i < code.Length; position++) i += char.IsSurrogatePair(code, i) ? 2 : 1;
        return position;
    }
}
