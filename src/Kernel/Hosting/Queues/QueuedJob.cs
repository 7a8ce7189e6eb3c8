using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace Interactive.Kernel.Hosting.Queues;

/// <summary>A job of a trace.</summary>
/// <param name="Submitted">When it came, in seconds from any beginning.</param>
/// <param name="Seconds">How long it runs.</param>
/// <param name="Gpus">What it holds meanwhile, all of them from its start to its end.</param>
/// <param name="User">Whose it is; empty where the trace does not say.</param>
/// <param name="Name">What it is called there; empty too.</param>
internal sealed record QueuedJob(double Submitted, double Seconds, int Gpus, string User, string Name)
{
    // As traces that were published call them (Tiresias, Helios, Philly).
    private static readonly string[] submitted = ["submitted", "submit_time", "submit"], seconds = ["seconds", "duration", "run_time"],
        gpus = ["gpus", "num_gpu", "gpu_num", "num_gpus"], users = ["user", "user_id"], names = ["name", "job_name", "model_name"];

    /// <summary>Reads a trace, in the order of submission.</summary>
    /// <param name="path">A CSV file whose first line names its columns.</param>
    /// <param name="most">GPUs of the cluster.</param>
    /// <exception cref="UsageException">A column is missing, a value is none, or a job could never start.</exception>
    public static IReadOnlyList<QueuedJob> Read(string path, int most)
    {
        if (!File.Exists(path)) throw new UsageException($"{path}: there is no such file");
        using var text = new StreamReader(path);
        using var csv = new CsvReader(text, new CsvConfiguration(CultureInfo.InvariantCulture) { TrimOptions = TrimOptions.Trim });
        var jobs = new List<QueuedJob>();
        try
        {
            if (!csv.Read() || !csv.ReadHeader()) throw new UsageException($"{path} is empty");
            int? Find(string[] accepted) => accepted.Select(a => Array.IndexOf(csv.HeaderRecord!, a)).Cast<int?>().FirstOrDefault(i => i >= 0);
            int Need(string[] accepted)
                => Find(accepted) ?? throw new UsageException($"{path}: a column {string.Join(" or ", accepted)} is needed; there are {string.Join(", ", csv.HeaderRecord!)}");
            var (at, length, width, user, name) = (Need(submitted), Need(seconds), Need(gpus), Find(users), Find(names));
            double Number(int column)
                => double.TryParse(csv[column], NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number is >= 0 and < 1e12
                ? number : throw new UsageException($"{path}, line {csv.Parser.RawRow}: {csv.HeaderRecord![column]} is \"{csv[column]}\", a number of at least 0 is needed");
            while (csv.Read())
            {
                var job = new QueuedJob(Number(at), Number(length), (int)Math.Min(Number(width), int.MaxValue),
                    user is { } u ? csv[u] ?? "" : "", name is { } n ? csv[n] ?? "" : "");
                if (job.Gpus > most) throw new UsageException($"{path}, line {csv.Parser.RawRow}: a job of {job.Gpus} GPUs never starts on --gpus {most}");
                jobs.Add(job);
            }
        }
        catch (CsvHelperException e) { throw new UsageException($"{path}, line {csv.Parser.RawRow}: {e.Message.Split('\n')[0].Trim()}"); }
        return jobs.Count > 0 ? [.. jobs.OrderBy(job => job.Submitted)] : throw new UsageException($"{path} holds no job");
    }
}
