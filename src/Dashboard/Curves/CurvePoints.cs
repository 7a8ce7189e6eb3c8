using System.Buffers.Binary;
using System.Text.Json;

namespace Interactive.Dashboard;

/// <summary>Points of a curve, as they are sent.</summary>
/// <param name="Run">The run's id.</param>
/// <param name="Key">What was measured.</param>
/// <param name="Points">In the order of the axis.</param>
internal sealed record CurvePoints(string Run, string Key, List<(double X, float Y)> Points)
{
    /// <summary>For scripts: by run and key, what is no number as null.</summary>
    public static IReadOnlyDictionary<string, Dictionary<string, object>> ByRun(IEnumerable<string> runs, IReadOnlyList<CurvePoints> curves)
        => runs.ToDictionary(run => run, run => curves.Where(c => c.Run == run).ToDictionary(c => c.Key, c => (object)new
        {
            x = c.Points.Select(p => p.X),
            y = c.Points.Select(p => float.IsFinite(p.Y) ? p.Y : (float?)null),
        }));

    /// <summary>
    /// For the page, which has nothing to parse: the length of a head in 4 bytes, the head (JSON, run, key and number of points of each
    /// curve, with spaces up to a whole eight bytes), all x in 8 bytes each, all y in 4; little end first.
    /// </summary>
    public static byte[] Bytes(IReadOnlyList<CurvePoints> curves)
    {
        var head = JsonSerializer.SerializeToUtf8Bytes(curves.Select(c => new object[] { c.Run, c.Key, c.Points.Count }));
        var (begin, count) = ((sizeof(int) + head.Length + 7) / 8 * 8, curves.Sum(c => c.Points.Count));
        var bytes = new byte[begin + count * (sizeof(double) + sizeof(float))];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, begin - sizeof(int));
        head.CopyTo(bytes, sizeof(int));
        bytes.AsSpan(sizeof(int) + head.Length, begin - sizeof(int) - head.Length).Fill((byte)' ');
        var (x, y) = (begin, begin + count * sizeof(double));
        foreach (var curve in curves)
            foreach (var point in curve.Points)
            {
                BinaryPrimitives.WriteDoubleLittleEndian(bytes.AsSpan(x), point.X);
                BinaryPrimitives.WriteSingleLittleEndian(bytes.AsSpan(y), float.IsFinite(point.Y) ? point.Y : float.NaN);
                (x, y) = (x + sizeof(double), y + sizeof(float));
            }
        return bytes;
    }
}
