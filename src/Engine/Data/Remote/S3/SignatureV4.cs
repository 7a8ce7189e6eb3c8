using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Interactive.Data;

/// <summary>
/// AWS Signature Version 4, as the header <c>Authorization</c> of a request without a body. A server that knows the
/// secret makes it anew from what has arrived, and compares.
/// </summary>
internal static class SignatureV4
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>The SHA-256 of no bytes: the body of a request that only reads.</summary>
    public const string NoBody = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    /// <summary>The time as it stands in <c>x-amz-date</c>.</summary>
    public static string Time(DateTime utc) => utc.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);

    /// <summary>The query as it is signed and must be sent: encoded, and in the order of its names.</summary>
    public static string Query(IEnumerable<(string Name, string Value)> query)
        => string.Join('&', query.Select(q => (Name: Uri.EscapeDataString(q.Name), Value: Uri.EscapeDataString(q.Value)))
            .OrderBy(q => q.Name, StringComparer.Ordinal).ThenBy(q => q.Value, StringComparer.Ordinal)
            .Select(q => $"{q.Name}={q.Value}"));

    /// <summary>The value of the header <c>Authorization</c>.</summary>
    /// <param name="key">Who asks.</param>
    /// <param name="scope">Region and service, such as <c>us-east-1/s3</c>.</param>
    /// <param name="time">As <see cref="Time"/> writes it.</param>
    /// <param name="method">Such as <c>GET</c>.</param>
    /// <param name="path">Encoded, from the first slash on.</param>
    /// <param name="query">As <see cref="Query"/> writes it.</param>
    /// <param name="headers">Those that are signed, in small letters.</param>
    public static string Authorization(AwsKey key, string scope, string time, string method, string path, string query,
        IEnumerable<(string Name, string Value)> headers)
    {
        var signed = headers.OrderBy(h => h.Name, StringComparer.Ordinal).ToArray();
        var names = string.Join(';', signed.Select(h => h.Name));
        var lines = string.Concat(signed.Select(h => $"{h.Name}:{h.Value.Trim()}\n"));
        var request = $"{method}\n{path}\n{query}\n{lines}\n{names}\n{NoBody}";
        var full = $"{time[..8]}/{scope}/aws4_request";
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request)));
        var secret = Encoding.UTF8.GetBytes($"AWS4{key.Secret}");
        foreach (var part in full.Split('/')) secret = Hmac(secret, part);
        var signature = Convert.ToHexStringLower(Hmac(secret, $"{Algorithm}\n{time}\n{full}\n{hash}"));
        return $"{Algorithm} Credential={key.Id}/{full}, SignedHeaders={names}, Signature={signature}";
    }

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));
}
