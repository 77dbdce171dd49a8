"""Adam by TensorFlow's own kernel: one operation for each variable where Keras makes thirty."""

import tensorflow as tf

from presets.training.schedules import Schedule


class OneKernel:
    """Mixin for Keras's Adam and AdamW, in fits whose rate follows a schedule of this package's.

    Small networks spend a fifth of an update on these operations. The formula is Keras's; rounding differs, so that
    fits without a schedule keep Keras's operations, and their numbers.
    """

    def _backend_update_step(self, grads, trainable_variables, learning_rate):
        is_alone = self._distribution_strategy.num_replicas_in_sync == 1
        is_dense = all(isinstance(grad, tf.Tensor) for grad in grads)
        if not (isinstance(self._learning_rate, Schedule) and is_alone and is_dense) or self.amsgrad:
            super()._backend_update_step(grads, trainable_variables, learning_rate)
            return
        step = self.iterations.value + 1
        for grad, variable in zip(grads, trainable_variables, strict=True):
            number, place = variable.dtype, self._get_variable_index(variable)
            beta_1, beta_2 = tf.constant(self.beta_1, number), tf.constant(self.beta_2, number)
            tf.raw_ops.ResourceApplyAdam(
                var=variable.value.handle,
                m=self._momentums[place].value.handle,
                v=self._velocities[place].value.handle,
                beta1_power=tf.pow(beta_1, tf.cast(step, number)),
                beta2_power=tf.pow(beta_2, tf.cast(step, number)),
                lr=tf.cast(learning_rate, number),
                beta1=beta_1,
                beta2=beta_2,
                epsilon=tf.constant(self.epsilon, number),
                grad=tf.cast(grad, number),
            )
