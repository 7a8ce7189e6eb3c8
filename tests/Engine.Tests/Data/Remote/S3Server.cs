using System.Globalization;
using System.Net;
using System.Security;
using System.Security.Cryptography;
using System.Text;
using Interactive.Data;

namespace Interactive.Engine.Tests.Data.Remote;

/// <summary>
/// A real S3 server of folders as buckets: it makes each signature anew from what has arrived, refuses what is not
/// signed, lists names in pages, and sends files by range. It can be made to fail as <see cref="FileServer"/> can.
/// </summary>
internal sealed class S3Server : IDisposable
{
    public static readonly AwsKey Key = new("AKIDTEST", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");

    private readonly string folder;

    public S3Server(string folder)
    {
        this.folder = folder;
        Files = new FileServer(folder) { Before = Answer };
    }

    public FileServer Files { get; }

    /// <summary>As a client finds it.</summary>
    public S3Site Site => new(new Uri(Files.Address), "eu-test-1", Key);

    /// <summary>Names in one answer to a list.</summary>
    public int Page { get; init; } = 2;

    /// <summary>Whether everybody may read.</summary>
    public bool IsPublic { get; set; }

    /// <summary>A session's token that requests must bring; default none.</summary>
    public string? Token { get; set; }

    private bool Answer(HttpListenerContext context)
    {
        var request = context.Request;
        if (Refusal(request) is { } code) return Send(context, 403, $"<Error><Code>{code}</Code><Message>no</Message></Error>");
        if (request.QueryString["list-type"] != "2") return false;
        var bucket = request.Url!.AbsolutePath.Trim('/');
        return Directory.Exists(Path.Combine(folder, bucket)) ? Send(context, 200, List(bucket, request))
            : Send(context, 404, "<Error><Code>NoSuchBucket</Code></Error>");
    }

    private string List(string bucket, HttpListenerRequest request)
    {
        var (prefix, after) = (request.QueryString["prefix"] ?? "", request.QueryString["continuation-token"] ?? "");
        var root = Path.Combine(folder, bucket);
        var names = Directory.GetFiles(root, "*", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(root, path))
            .Where(name => name.StartsWith(prefix, StringComparison.Ordinal)
                && (request.QueryString["delimiter"] != "/" || !name[prefix.Length..].Contains('/'))
                && string.CompareOrdinal(name, after) > 0)
            .Order(StringComparer.Ordinal).ToArray();
        var page = names.Take(Page).ToArray();
        var rows = string.Concat(page.Select(n => $"<Contents><Key>{SecurityElement.Escape(n)}</Key><Size>1</Size></Contents>"));
        var more = names.Length > page.Length;
        return $"""
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{bucket}</Name>{rows}
            <IsTruncated>{(more ? "true" : "false")}</IsTruncated>{(more ? $"<NextContinuationToken>{SecurityElement.Escape(page[^1])}</NextContinuationToken>" : "")}
            </ListBucketResult>
            """;
    }

    // Written from AWS's description, not from what is tested.
    private string? Refusal(HttpListenerRequest request)
    {
        if (request.Headers["Authorization"] is not { } header) return IsPublic ? null : "AccessDenied";
        var parts = header["AWS4-HMAC-SHA256 ".Length..].Split(", ").ToDictionary(p => p[..p.IndexOf('=')],
            p => p[(p.IndexOf('=') + 1)..]);
        var (credential, signed) = (parts["Credential"].Split('/'), parts["SignedHeaders"].Split(';'));
        if (credential[0] != Key.Id) return "InvalidAccessKeyId";
        if (Token != request.Headers["x-amz-security-token"]) return "InvalidToken";
        if (!signed.Contains("host") || Token is not null && !signed.Contains("x-amz-security-token"))
            return "AccessDenied";
        var date = request.Headers["x-amz-date"]!;
        var sent = DateTime.ParseExact(date, "yyyyMMddTHHmmssZ", CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        if ((DateTime.UtcNow - sent).Duration() > TimeSpan.FromMinutes(15)) return "RequestTimeTooSkewed";
        var raw = request.RawUrl!.Split('?', 2);
        var query = raw.Length == 1 ? [] : raw[1].Split('&').Select(p => p.Split('=', 2).Select(Uri.UnescapeDataString)
            .ToArray()).ToArray();
        var canonical = new StringBuilder().Append(request.HttpMethod).Append('\n')
            .Append(Encode(Uri.UnescapeDataString(raw[0]), keep: "/")).Append('\n')
            .AppendJoin('&', query.Select(q => $"{Encode(q[0])}={Encode(q[1])}").Order(StringComparer.Ordinal)).Append('\n');
        foreach (var name in signed) canonical.Append(name).Append(':').Append(request.Headers[name]).Append('\n');
        canonical.Append('\n').AppendJoin(';', signed).Append('\n').Append(request.Headers["x-amz-content-sha256"]);
        var key = Encoding.UTF8.GetBytes("AWS4" + Key.Secret);
        foreach (var part in credential[1..]) key = HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(part));
        var text = $"AWS4-HMAC-SHA256\n{date}\n{string.Join('/', credential[1..])}\n{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())))}";
        return Convert.ToHexStringLower(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text))) == parts["Signature"]
            ? null : "SignatureDoesNotMatch";
    }

    private static string Encode(string text, string keep = "") => string.Concat(Encoding.UTF8.GetBytes(text).Select(b
        => char.IsAsciiLetterOrDigit((char)b) || "-._~".Contains((char)b) || keep.Contains((char)b) ? $"{(char)b}"
            : $"%{b:X2}"));

    private static bool Send(HttpListenerContext context, int status, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        context.Response.StatusCode = status;
        context.Response.ContentLength64 = bytes.Length;
        if (context.Request.HttpMethod != "HEAD") context.Response.OutputStream.Write(bytes);
        context.Response.Close();
        return true;
    }

    public void Dispose() => Files.Dispose();
}
