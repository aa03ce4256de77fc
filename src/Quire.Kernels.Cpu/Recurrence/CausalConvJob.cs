using Quire.Kernels.Cpu.Simd;
using Quire.Kernels.Cpu.Threading;
using Quire.Tensors;

namespace Quire.Kernels.Cpu.Recurrence;

/// <summary>A convolution over time, channel by channel. One item is 16 channels of all rows; a sum starts with the oldest row.</summary>
/// <param name="weight">[kernel, channels], the weight of the oldest row first.</param>
/// <param name="width">Elements of an input row.</param>
/// <param name="outputWidth">Elements of an output row.</param>
/// <param name="isGated">Rows are [gate of the input | gate of the output | input], each of all channels; otherwise leading channels count, and SiLU follows.</param>
internal readonly unsafe struct CausalConvJob<T>(float* output, int outputWidth, float* rows, int width, float* weight, int kernel, int channels, float* windows, StateBatch batch, bool isGated) : IJob
    where T : unmanaged, ILanes<T>
{
    public int Items => (channels + 15) / 16;

    public void Run(int item, int worker)
    {
        int first = item * 16, count = Math.Min(16, channels - first), past = kernel - 1;
        // The last rows, oldest first; a place behind them for the row itself.
        float* window = stackalloc float[kernel * 16];
        float* taps = stackalloc float[kernel * 16];
        float* lanes = stackalloc float[16];
        for (int i = 0; i < kernel; i++) T.Store(taps + (i * 16), Load(weight + ((long)i * channels) + first, count, lanes));
        var segments = new StateSegments(batch);
        while (segments.MoveNext())
        {
            if (segments.Past < 0) new Span<float>(window, past * 16).Clear();
            else for (int i = 0; i < past; i++) T.Store(window + (i * 16), Load(windows + (((long)segments.Past * past) + i) * channels + first, count, lanes));
            for (int row = segments.First; row < segments.End; row++)
            {
                float* x = rows + ((long)row * width) + first;
                T own = isGated ? Load(x, count, lanes) * Load(x + (2 * channels), count, lanes) : Load(x, count, lanes);
                T.Store(window + (past * 16), own);
                T sum = T.Load(window) * T.Load(taps);
                for (int i = 1; i < kernel; i++) sum = T.Fma(T.Load(window + (i * 16)), T.Load(taps + (i * 16)), sum);
                sum = isGated ? Load(x + channels, count, lanes) * sum : LaneMath.Silu(sum);
                Store(output + ((long)row * outputWidth) + first, sum, count, lanes);
                for (int i = 0; i < past; i++) T.Store(window + (i * 16), T.Load(window + ((i + 1) * 16)));
            }
            for (int i = 0; i < past; i++) Store(windows + (((long)segments.Own * past) + i) * channels + first, T.Load(window + (i * 16)), count, lanes);
        }
    }

    private static T Load(float* from, int count, float* lanes)
    {
        if (count == 16) return T.Load(from);
        for (int i = 0; i < 16; i++) lanes[i] = i < count ? from[i] : 0;
        return T.Load(lanes);
    }

    private static void Store(float* to, T values, int count, float* lanes)
    {
        if (count == 16)
        {
            T.Store(to, values);
            return;
        }
        T.Store(lanes, values);
        for (int i = 0; i < count; i++) to[i] = lanes[i];
    }
}
