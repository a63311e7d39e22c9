// Everything but components and messages: #include "shared_variable/shared_variable.h".
#ifndef SHARED_VARIABLE_SHARED_VARIABLE_H
#define SHARED_VARIABLE_SHARED_VARIABLE_H

#include "shared_variable/allocator.h"
#include "shared_variable/container.h"
#include "shared_variable/dtype.h"
#include "shared_variable/endpoint.h"
#include "shared_variable/error.h"
#include "shared_variable/expression.h"
#include "shared_variable/floatx.h"
#include "shared_variable/function.h"
#include "shared_variable/gpu.h"
#include "shared_variable/gpu_queue.h"
#include "shared_variable/mrg.h"
#include "shared_variable/number.h"
#include "shared_variable/object.h"
#include "shared_variable/random.h"
#include "shared_variable/random_streams.h"
#include "shared_variable/remote.h"
#include "shared_variable/shared.h"
#include "shared_variable/snapshot.h"
#include "shared_variable/source.h"
#include "shared_variable/sparse.h"
#include "shared_variable/store.h"
#include "shared_variable/transaction.h"
#include "shared_variable/type.h"
#include "shared_variable/value.h"
#include "shared_variable/variable.h"

#endif
