namespace Interactive.Runtime.Kernels;

/// <summary>The passes of <see cref="ElementKernels"/> over numbers that lie one behind the other.</summary>
/// <typeparam name="T">What holds a number.</typeparam>
internal unsafe interface IElementRows<T> where T : unmanaged
{
    /// <summary>max(x, 0) in place; a negative zero and a NaN pass, as in libtorch.</summary>
    static abstract void Rectify(T* x, long length);
    /// <summary>r = y &lt;= 0 ? 0 : g. A NaN in y lets g pass.</summary>
    static abstract void Mask(T* g, T* y, T* r, long length);
    /// <summary>r = a + b, rectified when asked.</summary>
    static abstract void Add(T* a, T* b, T* r, long length, bool rectify);
}
