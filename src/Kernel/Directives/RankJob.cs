using System.Diagnostics;
using System.Net.Sockets;
using System.Text.Json;
using Interactive.Collectives.Mpi;
using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Directives;

/// <summary>Cells on several ranks, seen from the notebook.</summary>
/// <param name="cells">What each rank runs, in order; the last one's value on rank 0 is the result.</param>
/// <param name="ranks">How many.</param>
/// <param name="flavor">Which MPI; null for the first that is installed.</param>
/// <param name="settle">
/// How long the end of ranks with an error may still turn out to be an interrupt: the signal that interrupts the cell
/// reaches the ranks as well, and they may be the first to end. Default 200 ms.
/// </param>
internal sealed class RankJob(IReadOnlyList<RankCell> cells, int ranks, MpiFlavor? flavor, TimeSpan? settle = null)
{
    private static int count;
    private static readonly TimeSpan grace = TimeSpan.FromSeconds(2);
    private readonly int number = Interlocked.Increment(ref count);
    private readonly JobProcesses processes = new();

    /// <returns>Rank 0's value: itself where JSON can carry it, else a bundle that shows it; null for none.</returns>
    /// <exception cref="UsageException">No MPI is installed.</exception>
    /// <exception cref="InvalidOperationException">The ranks ended with another exit code than 0; why is in what they
    /// wrote.</exception>
    public async Task<object?> Run(CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("interactive-ranks-");
        try
        {
            var (file, path) = (Path.Combine(folder.FullName, "cells.json"), Path.Combine(folder.FullName, "display"));
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(cells), cancellationToken);
            var start = MpiLauncher.Command(ranks,
                [DotnetProgram.Path, typeof(RankJob).Assembly.Location, "rank-cells", file], flavor);
            // Each line of output begins with its rank: "[1,0]<stdout>:" from Open MPI, "[0] " from MPICH.
            start.ArgumentList.Insert(0,
                Path.GetFileName(start.FileName).Contains("mpich") ? "-prepend-rank" : "--tag-output");
            (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true,
                true);
            start.Environment[RankDisplay.SocketVariable] = path;
            processes.AddTo(start);
            if (NotebookPage.HasLibrary) start.Environment[NotebookPage.HasLibraryVariable] = "1";

            using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            listener.Bind(new UnixDomainSocketEndPoint(path));
            listener.Listen();
            return await Follow(start, listener, cancellationToken);
        }
        finally { folder.Delete(recursive: true); }
    }

    private async Task<object?> Follow(ProcessStartInfo start, Socket listener, CancellationToken cancellationToken)
    {
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var ended = new CancellationTokenSource();
        var display = Display(listener, ended.Token);
        var (output, error) = (Pass(process.StandardOutput, Console.Out), Pass(process.StandardError, Console.Error));
        try { await process.WaitForExitAsync(cancellationToken); }
        catch (OperationCanceledException)
        {
            // mpirun passes it on to the ranks, but not every one, nor does every rank listen.
            Signal(process, Terminate);
            if (!process.WaitForExit(grace)) process.Kill(entireProcessTree: true);
            processes.KillLeft();
            throw;
        }
        await Task.WhenAll(output, error);
        if (process.ExitCode != 0) processes.KillLeft();
        if (process.ExitCode != 0) await Task.Delay(settle ?? TimeSpan.FromMilliseconds(200), cancellationToken);
        ended.CancelAfter(TimeSpan.FromSeconds(process.ExitCode == 0 ? 5 : 0)); // what is still in the socket
        var value = await display;
        return process.ExitCode == 0 ? value
            : throw new InvalidOperationException($"the job on {ranks} ranks ended with exit code {process.ExitCode}");
    }

    private async Task<object?> Display(Socket listener, CancellationToken ended)
    {
        object? value = null;
        try
        {
            using var connection = await listener.AcceptAsync(ended);
            using var reader = new StreamReader(new NetworkStream(connection));
            var ids = new Dictionary<string, string>();
            while (await reader.ReadLineAsync(ended) is { } line)
            {
                var message = RankMessage.Parse(line);
                NotebookPage.Note(message.Bundle);
                if (message.Kind == "value") value = message.Value;
                else Show(message, ids);
            }
        }
        catch (OperationCanceledException) { } // no rank 0, or it ended without a word
        return value;
    }

    private void Show(RankMessage message, Dictionary<string, string> ids)
    {
        var host = DisplayHost.Current;
        switch (message.Kind)
        {
            case "display":
                ids[message.Id!] = host.Display(message.Bundle,
                $"ranks-{Environment.ProcessId}-{number}-{message.Id}"); break;
            case "update" when ids.TryGetValue(message.Id!, out var id): host.Update(id, message.Bundle); break;
            case "clear" or "clear-wait": host.Clear(message.Kind == "clear-wait"); break;
        }
    }

    private static async Task Pass(StreamReader from, TextWriter to)
    {
        var lines = new RankLines();
        // libtorch says so once a thread, and computes without it.
        void Tell(string line)
        {
            if (!line.Contains("Could not initialize NNPACK")) to.WriteLine(line);
        }
        while (await from.ReadLineAsync() is { } line)
            foreach (var each in lines.Add(line)) Tell(each);
        foreach (var each in lines.Rest()) Tell(each);
    }

    private static void Signal(Process process, int signal)
    {
        if (!process.HasExited) kill(process.Id, signal);
    }

    private const int Terminate = 15;
    [System.Runtime.InteropServices.DllImport("libc")] private static extern int kill(int process, int signal);
}
