using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;

namespace Interactive.Data;

/// <summary>
/// Reads files over http, https or of S3's buckets, in one piece or by range. What breaks off, times out or is refused
/// for a moment (5xx, 408, 429) is asked for again from where it broke off, with growing pauses; anything else is told
/// at once.
/// </summary>
/// <param name="patience">Time without a byte after which a try counts as failed; default 30 seconds.</param>
/// <param name="pause">Before the first repetition; doubles each time; default 0.2 seconds.</param>
/// <param name="site">Where buckets lie; default as the environment says when the first is read.</param>
internal sealed class Origin(TimeSpan? patience = null, TimeSpan? pause = null, S3Site? site = null)
{
    private const int Tries = 5;
    private const long MostOfSmall = 1 << 28; // bytes of an index
    private const int MostOfRefusal = 4096; // characters that are searched for a reason
    private static readonly HttpClient client = new(new SocketsHttpHandler
    {
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private readonly TimeSpan patience = patience ?? TimeSpan.FromSeconds(30),
        pause = pause ?? TimeSpan.FromSeconds(0.2);

    private readonly Lazy<S3Site> buckets = new(() => site ?? S3Site.Find());

    /// <summary>Whether a source lies elsewhere.</summary>
    /// <exception cref="UsageException">It does, in a place that is not read.</exception>
    public static bool Has(string source)
    {
        const string Mark = "://";
        if (source.IndexOf(Mark, StringComparison.Ordinal) is not (> 0 and var end)) return false;
        return source[..end].ToLowerInvariant() is "http" or "https" or S3Site.Scheme ? true
            : throw new UsageException($"{source}: addresses of http, https and s3 are read, {source[..end]} is not");
    }

    /// <summary>A source's address.</summary>
    /// <exception cref="UsageException">It is none.</exception>
    public static Uri Address(string source)
        => source.StartsWith($"{S3Site.Scheme}:", StringComparison.OrdinalIgnoreCase) ? S3Site.Parse(source)
            : Uri.TryCreate(source, UriKind.Absolute, out var uri) ? uri
            : throw new UsageException($"'{source}' is no address such as https://host/folder");

    /// <summary>A file's name in messages: without a password and what else a query may hold.</summary>
    public static string Name(Uri uri) => uri.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path,
        UriFormat.Unescaped);

    /// <summary>A small file; null where there is none.</summary>
    /// <exception cref="UsageException">It cannot be had.</exception>
    public byte[]? Find(Uri uri)
    {
        using var bytes = new MemoryStream();
        return Copy(uri, bytes, 0, null, MostOfSmall, missingIsFine: true) ? bytes.ToArray() : null;
    }

    /// <summary>A part of a file.</summary>
    /// <exception cref="UsageException">It cannot be had.</exception>
    public byte[] Read(Uri uri, long offset, int count)
    {
        using var bytes = new MemoryStream(count);
        if (count > 0) Copy(uri, bytes, offset, count);
        return bytes.ToArray();
    }

    /// <summary>Writes a whole file, of which the stream may have the beginning.</summary>
    /// <exception cref="UsageException">It cannot be had, or has more bytes than it should.</exception>
    public void Fetch(Uri uri, Stream file, long? length) => Copy(uri, file, 0, null, length);

    /// <summary>What is wrong with a file's bytes by its hash, in one line; null for nothing.</summary>
    public static string? Problem(Uri uri, Stream file, string? sha1)
    {
        if (sha1 is null) return null;
        file.Position = 0;
        var hash = Convert.ToHexStringLower(SHA1.HashData(file));
        return hash == sha1 ? null : $"{Name(uri)}: its SHA-1 is {hash}, the index says {sha1}";
    }

    /// <summary>Names a file's content by what its server says of it: its tag, or its length and time.</summary>
    /// <exception cref="UsageException">It cannot be had.</exception>
    public (string Key, long? Length) Stamp(Uri uri)
    {
        (string Key, long? Length) stamp = default;
        Try(uri, async stall =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, uri);
            using var response = await Send(request, stall).ConfigureAwait(false);
            await Check(uri, response).ConfigureAwait(false);
            var length = response.Content.Headers.ContentLength;
            stamp = (response.Headers.ETag?.ToString() ?? $"{length} {response.Content.Headers.LastModified:O}", length);
        });
        return stamp;
    }

    private bool Copy(Uri uri, Stream target, long offset, long? count, long? length = null, bool missingIsFine = false)
    {
        var found = true;
        Try(uri, async stall =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, uri);
            var begin = offset + target.Length; // what has come stays
            if (begin > 0 || count is not null) request.Headers.Range = new RangeHeaderValue(begin, offset + count - 1);
            using var response = await Send(request, stall).ConfigureAwait(false);
            found = !missingIsFine || response.StatusCode != HttpStatusCode.NotFound;
            if (!found) return;
            await Check(uri, response).ConfigureAwait(false);
            var isPart = response.StatusCode == HttpStatusCode.PartialContent;
            if (isPart && response.Content.Headers.ContentRange?.From != begin) throw new UsageException($"{Name(uri)}: the bytes from {begin} on were asked for, the server sent those from {response.Content.Headers.ContentRange?.From} on");
            if (!isPart && count is not null) throw new UsageException($"{Name(uri)}: the server sends whole files only, and no part of one");
            if (!isPart) target.SetLength(0); // it knows no ranges: from the start again
            target.Position = target.Length;
            await Take(uri, response, target, count ?? length ?? long.MaxValue, stall).ConfigureAwait(false);
            // without a length in the answer, one that breaks off looks like a whole one
            if ((count ?? (missingIsFine ? null : length)) is { } wanted && target.Length < wanted) throw new HttpRequestException($"it ends after {target.Length} of {wanted} bytes");
        }, () => target.Length);
        return found;
    }

    private async Task<HttpResponseMessage> Send(HttpRequestMessage request, CancellationTokenSource stall)
    {
        stall.CancelAfter(patience);
        if (request.RequestUri!.Scheme == S3Site.Scheme) buckets.Value.Turn(request, DateTime.UtcNow);
        return await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead,
            stall.Token).ConfigureAwait(false);
    }

    private async Task Take(Uri uri, HttpResponseMessage response, Stream target, long most,
        CancellationTokenSource stall)
    {
        using var body = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
        var buffer = new byte[1 << 16];
        while (true)
        {
            stall.CancelAfter(patience);
            int read;
            try { read = await body.ReadAsync(buffer, stall.Token).ConfigureAwait(false); }
            catch (IOException e) { throw new HttpRequestException(e.Message); } // the connection's, not the target's
            if (read == 0) return;
            // a server may send without end
            if (target.Length + read > most) throw new UsageException($"{Name(uri)} has more than the {most} bytes that it should have: it is another file");
            target.Write(buffer, 0, read);
        }
    }

    private async Task Check(Uri uri, HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode) return;
        var (code, text) = ((int)response.StatusCode, $"the server answers {(int)response.StatusCode} {response.ReasonPhrase}");
        if (code >= 500 || code is 408 or 429) throw new HttpRequestException(text);
        if (uri.Scheme == S3Site.Scheme)
            text += buckets.Value.Explain(response.Headers, await Start(response).ConfigureAwait(false));
        throw new UsageException($"{Name(uri)}: {text}");
    }

    private static async Task<string> Start(HttpResponseMessage response)
    {
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync().ConfigureAwait(false));
        var text = new char[MostOfRefusal];
        return new(text, 0, await reader.ReadBlockAsync(text).ConfigureAwait(false));
    }

    // A try that got further begins the count anew.
    private void Try(Uri uri, Func<CancellationTokenSource, Task> run, Func<long>? progress = null)
    {
        var reached = 0L;
        for (var failed = 1; ; failed++)
            try
            {
                using var stall = new CancellationTokenSource();
                run(stall).GetAwaiter().GetResult();
                return;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
            {
                if (progress?.Invoke() is { } now && now > reached) (reached, failed) = (now, 1);
                if (failed >= Tries) throw new UsageException($"{Name(uri)}: {Tries} tries failed: {(e is OperationCanceledException ? $"no byte came for {patience.TotalSeconds:0.###} s" : e.Message.ReplaceLineEndings(" "))}");
                // many hosts do not come back at once
                Thread.Sleep(pause * (Math.Pow(2, failed - 1) * (0.75 + Random.Shared.NextDouble() / 2)));
            }
    }
}
