using System.Globalization;
using System.Text;

namespace Interactive.Monitoring;

/// <summary>What a run has said, as lines of its <c>log.txt</c> with the time before each. Starts add to it; nothing is cut from it.</summary>
internal static class RunText
{
    /// <summary>Its name in the run directory.</summary>
    public const string File = "log.txt";

    /// <summary>Adds a line. A disk that is full ends no training for its log.</summary>
    public static void Add(RunDirectory run, string line)
    {
        var time = DateTime.Now.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        try { LineFile.Add(Path.Combine(run.Path, File), Encoding.UTF8.GetBytes($"{time}  {line.ReplaceLineEndings(" ")}")); }
        catch (IOException) { }
    }
}
